"""Tests that need a tool this machine may lack: skipped and listed on a user's machine, a failure in CI.

CI's machine is ours, so a missing tool there is a missing line in `.ci/run`, and a skip would hide it for months.
The hooks at the end work by being imported in `conftest.py`.
"""

import os
from collections import defaultdict
from collections.abc import Generator, Iterable

import pytest

IN_CI = os.environ.get("CI") == "true"


def require_tool(name: str, present: bool, how: str) -> None:
    """Skip the running test unless `present`, saying `how` to get the tool; with CI=true the test fails instead."""
    if not present:
        pytest.skip(f"needs {name}: {how}")


def fail_if_skipped_in_ci(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turn a skip into a failure when CI runs the tests, however it was asked for (marker, fixture, importorskip)."""
    if IN_CI and report.outcome == "skipped" and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid}: CI must run every test, but this one was skipped ({skip_reason(report)})"


def skip_reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    """The reason given for a skip, without the position pytest puts before it."""
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return reason.removeprefix("Skipped: ")


def skip_list(reports: Iterable[pytest.TestReport | pytest.CollectReport]) -> list[str]:
    """One line per reason, most frequent first: how many tests it kept from running, and the first of them."""
    tests: defaultdict[str, list[str]] = defaultdict(list)
    for report in reports:
        tests[skip_reason(report)].append(report.nodeid)
    by_frequency = sorted(tests.items(), key=lambda item: (-len(item[1]), item[0]))
    return [f"{len(nodes):4} × {why} ({nodes[0]}{', …' if len(nodes) > 1 else ''})" for why, nodes in by_frequency]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    fail_if_skipped_in_ci(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    fail_if_skipped_in_ci(report)
    return report


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = terminalreporter.stats.get("skipped", [])
    if skipped:
        terminalreporter.section(f"{len(skipped)} not run on this machine, and why")
        for line in skip_list(skipped):
            terminalreporter.write_line(line)

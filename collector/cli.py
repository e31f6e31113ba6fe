"""Commands about what was received."""

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import click
import orjson

from accounts.scopes import EVERYTHING
from collector.check import check_everything
from collector.export import form_facts, plan_export, selection_of
from collector.export_queue import last_seq
from collector.export_request import ExportRequest, of_json
from collector.export_run import Run, begin, write_file
from collector.exports import formats
from collector.models_exports import StoredExport
from config.commands import result
from config.database import reading, transaction
from config.services import services


def _options(_context: click.Context, _parameter: click.Parameter, given: Sequence[str]) -> dict[str, Any]:
    """NAME=VALUE as the options have them: true and false, lists separated by commas, texts."""
    lists = [each.name for each in fields(ExportRequest) if isinstance(each.default, tuple)]
    found: dict[str, Any] = {}
    for each in given:
        name, separator, value = each.partition("=")
        if not separator:
            raise click.BadParameter(f"“{each}” is not NAME=VALUE.")
        found[name] = value.split(",") if name in lists else {"true": True, "false": False}.get(value, value)
    return found


@click.command("export")
@click.argument("project_id", type=int)
@click.argument("xml_form_id")
@click.option("--format", "kind", type=click.Choice(list(formats())), default="csv.zip")
@click.option(
    "--option", "options", multiple=True, metavar="NAME=VALUE", callback=_options, help="See docs/exports.md."
)
@click.option("--output", type=click.Path(path_type=Path), required=True, help="A file, or a folder that is there.")
def export_form(project_id: int, xml_form_id: str, kind: str, options: dict[str, Any], output: Path) -> None:
    """Write a form's submissions to a file; it appears under its name only when it is whole.

    In a folder each run adds a file named by its moment, and its passport beside it: for a timer. `--option since=last` takes
    only what is new since the last run.
    """
    asked = of_json({"format": kind, **options}, ExportRequest())
    with reading() as session:
        form = form_facts(session, project_id, xml_form_id)
        since = last_seq(session, form, None, asked) if asked.since else 0
        plan = plan_export(session, services(), form, selection_of(form, EVERYTHING), asked, since=since)
        plan.settle(session)
    path = output / f"{plan.planned_at:%Y-%m-%dT%H%M%S.%fZ}-{plan.file_name}" if output.is_dir() else output
    with transaction() as session:
        run = Run(services(), plan, *begin(session, plan, None))
    write_file(run, path)
    if path is not output:
        with reading() as session:
            passport = session.get_one(StoredExport, (project_id, run.number)).passport
        path.with_name(f"{path.name}.passport.json").write_bytes(orjson.dumps(passport, option=orjson.OPT_INDENT_2))
    rows = plan.due
    result({"file": str(path), "submissions": rows, "export": run.number}, f"{rows} submissions are in {path}.")


@click.command("check")
def check() -> None:
    """Re-read everything stored: rows, hashes, files, parsed answers. One line for each fault."""
    faults = 0
    report = check_everything(services())
    for fault in report.faults:
        faults += 1
        click.echo(fault, err=True)
    words = "Everything stored is whole." if not faults else f"{faults} faults found."
    result({"faults": faults, "receipts": report.receipts, "files": report.files}, words)
    if faults:
        raise SystemExit(1)

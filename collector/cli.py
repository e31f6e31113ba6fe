"""Commands about what was received."""

import re
import sys
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import click
import orjson
from sqlalchemy.orm import Session

from accounts.scopes import EVERYTHING
from collector.check import check_everything
from collector.export import FormFacts, form_facts, plan_export, selection_of
from collector.export_destinations import Destination, NoDestination, destination
from collector.export_queue import last_seq
from collector.export_request import ExportRequest, of_json
from collector.export_run import Run, begin, write_file
from collector.exports import formats
from collector.unlocking import NO_KEYS, keys_needed, managed_keys, opened_keys
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
@click.option(
    "--to", "--output", metavar="PLACE", required=True, help="A file, a folder that is there, or s3://bucket/prefix."
)
@click.option(
    "--passphrase-stdin", is_flag=True, help="Read the passphrase of encrypted answers, or lines KEY=PASSPHRASE."
)
def export_form(
    project_id: int,
    xml_form_id: str,
    kind: str,
    options: dict[str, Any],
    to: str,
    passphrase_stdin: bool,
) -> None:
    """Write a form's submissions to a file; it appears under its name only when it is whole.

    In a folder or bucket each run adds a file named by its moment, and its passport beside it: for a timer. `--option
    since=last` takes only what is new since the last run.
    """
    try:
        place = destination(services().settings, to)
    except NoDestination as problem:
        raise click.ClickException(str(problem)) from None
    asked = of_json({"format": kind, **options}, ExportRequest())
    given = sys.stdin.read() if passphrase_stdin else None
    with reading() as session:
        form = form_facts(session, project_id, xml_form_id)
        passphrases = {} if given is None else _passphrases(session, form, given)
        sealed = managed_keys(session, project_id, passphrases)
    keys = opened_keys(sealed, passphrases) if passphrases else NO_KEYS
    with reading() as session:
        form = form_facts(session, project_id, xml_form_id)
        since = last_seq(session, form, None, asked) if asked.since else 0
        plan = plan_export(session, services(), form, selection_of(form, EVERYTHING), asked, since=since, keys=keys)
    with transaction() as session:
        run = Run(services(), plan, *begin(session, plan, None))
    try:
        where = _delivered(run, to, place)
    except BaseException as error:
        run.failed(error)
        if isinstance(error, NoDestination):
            raise click.ClickException(str(error)) from None
        raise
    result({"file": where, "submissions": plan.due, "export": run.number}, f"{plan.due} submissions are in {where}.")


def _delivered(run: Run, to: str, place: Destination | None) -> str:
    if place is None:
        write_file(run, Path(to))
        return to
    name, found = f"{run.plan.planned_at:%Y-%m-%dT%H%M%S.%fZ}-{run.plan.file_name}", []

    def deliver(path: Path) -> None:
        found.append(place.put(path))
        # Last, so that a passport says that its file is whole.
        place.note(f"{name}.passport.json", orjson.dumps(run.facts, option=orjson.OPT_INDENT_2))

    with place.scratch() as folder:
        write_file(run, folder / name, deliver)
    return found[0]


def _passphrases(session: Session, form: FormFacts, given: str) -> dict[int, str]:
    """By number of the key: lines KEY=PASSPHRASE, or one passphrase for the one key that the form's answers need."""
    lines = [line for line in given.splitlines() if line]
    named = [re.fullmatch(r"(\d{1,9})=(.+)", line) for line in lines]
    if lines and all(named):
        return {int(each[1]): each[2] for each in named if each}
    needed = [key.id for key in keys_needed(session, selection_of(form, EVERYTHING)) if key.managed]
    if len(lines) != 1 or len(needed) > 1:
        numbers = ", ".join(map(str, needed))
        raise click.ClickException(f"Give one line KEY=PASSPHRASE for each of these keys: {numbers}.")
    return {needed[0]: lines[0]} if needed else {}


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

"""Commands about what was received."""

from pathlib import Path

import click

from accounts.scopes import EVERYTHING
from collector.check import check_everything
from collector.export import form_facts, plan_export, selection_of
from collector.export_request import ExportRequest
from collector.export_run import Run, begin, write_file
from config.commands import result
from config.database import reading, transaction
from config.services import services


@click.command("export")
@click.argument("project_id", type=int)
@click.argument("xml_form_id")
@click.option("--format", "kind", type=click.Choice(["csv.zip", "csv"]), default="csv.zip")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), required=True)
def export_form(project_id: int, xml_form_id: str, kind: str, output: Path) -> None:
    """Write a form's submissions to a file; it appears under its name only when it is whole."""
    with reading() as session:
        form = form_facts(session, project_id, xml_form_id)
        plan = plan_export(session, services(), form, selection_of(form, EVERYTHING), ExportRequest(format=kind))
    with transaction() as session:
        run = Run(services(), plan, *begin(session, plan, None))
    write_file(run, output)
    rows = len(plan.wanted) - plan.gone
    result({"file": str(output), "submissions": rows, "export": run.number}, f"{rows} submissions are in {output}.")


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

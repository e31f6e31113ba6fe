"""Commands about what was received."""

from pathlib import Path

import click

from accounts.scopes import EVERYTHING
from collector import export
from collector.check import check_everything
from collector.reading import count
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
    with transaction() as session:
        selection, version_id = export.selection_of(session, project_id, xml_form_id, EVERYTHING)
        export.record_export(session, selection, None)
    part = output.with_name(output.name + ".part")
    with part.open("wb") as out:
        if kind == "csv":
            export.root_csv(services(), selection, version_id, out)
        else:
            export.csv_zip(services(), selection, version_id, out)
    part.replace(output)
    with reading() as session:
        rows = count(session, selection)
    result({"file": str(output), "submissions": rows}, f"{rows} submissions are in {output}.")


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

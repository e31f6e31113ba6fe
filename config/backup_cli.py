"""Commands that copy a whole installation, and put it back."""

from dataclasses import asdict
from pathlib import Path

import click

from config.backup import make_backup
from config.backup_folder import Contents
from config.commands import result
from config.restore import restore_backup
from config.services import services


@click.command("backup")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def backup(folder: Path) -> None:
    """Copy database, files and keys into FOLDER while the server runs, and read the copy again.

    A folder that holds an earlier copy is brought up to date.
    """
    done = make_backup(services(), folder)
    _show(folder, done, f"{folder} holds everything: {done.files} files. Guard it as you guard the server.")
    if done.missing:
        words = f"Except {len(done.missing)} files that this server itself has lost; `relais check` names them."
        click.echo(words, err=True)
        raise SystemExit(1)


@click.command("restore")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--without-damaged", is_flag=True, help="Leave out spoilt files instead of refusing.")
def restore(folder: Path, without_damaged: bool) -> None:
    """Put a copy made by `relais backup` into this installation, which must be empty."""
    done = restore_backup(services(), folder, without_damaged=without_damaged)
    _show(folder, done, f"{folder} is put back: {done.files} files. Now run `relais check`, then start the server.")
    if done.missing:
        click.echo(f"{len(done.missing)} files are not in the backup; `relais check` names them.", err=True)


def _show(folder: Path, done: Contents, words: str) -> None:
    result({"folder": str(folder), **asdict(done)}, words)

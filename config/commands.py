"""How commands answer: the result as JSON on standard output, words on standard error, 0 done, 1 refused, 2 usage."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import wraps
from typing import Any

import click

from config.problem import Problem
from config.settings import SettingError


def result(value: Any, words: str) -> None:
    """What a command made, for scripts and for people."""
    click.echo(words, err=True)
    click.echo(json.dumps(value, ensure_ascii=False))


class Group(click.Group):
    """A group whose commands may be refused: a sentence in each language and exit 1, or a setting's name and exit 2."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except Problem as problem:
            click.echo(problem.fr, err=True)
            click.echo(problem.en, err=True)
            ctx.exit(1)
        except SettingError as error:
            raise click.UsageError(str(error), ctx) from None
        except BrokenPipeError:
            raise
        except OSError as error:
            # A folder that is not there, a stick that was pulled out: the path and the system's word for it say enough.
            raise click.ClickException(f"{error.filename or error}: {error.strerror}") from error


def inside(opened: Callable[[], AbstractContextManager[Any]], command: click.Command) -> click.Command:
    """`command`, run within what `opened` opens: only once its arguments are understood, so that asking for help or
    mistyping an option makes no data folder."""
    if isinstance(command, click.Group):
        for each in command.commands.values():
            inside(opened, each)
        return command
    run = command.callback
    assert run is not None

    @wraps(run)
    def run_inside(*values: Any, **named: Any) -> Any:
        with opened():
            return run(*values, **named)

    command.callback = run_inside
    return command

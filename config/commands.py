"""How commands answer: the result as JSON on standard output, words on standard error, 0 done, 1 refused, 2 usage."""

import json
from typing import Any

import click

from config.problem import Problem


def result(value: Any, words: str) -> None:
    """What a command made, for scripts and for people."""
    click.echo(words, err=True)
    click.echo(json.dumps(value, ensure_ascii=False))


class Group(click.Group):
    """A group whose commands may be refused with a Problem: its sentences in both languages, exit 1, no traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except Problem as problem:
            click.echo(problem.fr, err=True)
            click.echo(problem.en, err=True)
            ctx.exit(1)

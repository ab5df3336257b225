"""`orderflow processes`: how orders move, listed, shown, checked, drawn and written down.

It must not know any process by name.
"""

from collections.abc import Iterator
from pathlib import Path

import click

from domain import diagram
from domain.check import Product, check, explore
from domain.process import Process
from domain.processes import PROCESSES, latest
from graph.generated import keep
from graph.process_pages import choice, described, page

PAGE = Path("docs/processes.md")


class ProcessName(click.ParamType[Process]):
    """The name of a process; its newest version is meant."""

    name = "name"

    def convert(
        self, value: str | Process, param: click.Parameter | None, ctx: click.Context | None
    ) -> Process:
        if isinstance(value, Process):
            return value
        known = sorted({name for name, _ in PROCESSES})
        return latest(value) or self.fail(
            f"there is no process {value!r}; there are: {', '.join(known)}.", param, ctx
        )


@click.group(help="How orders move: the processes that this installation runs.")
def processes() -> None:
    pass


@processes.command("list", help="Print every process with its version.")
def list_processes() -> None:
    for process in PROCESSES.values():
        click.echo(f"{process.name} {process.version}: {process.text}")


@processes.command(help="Print one process: states, moves, links, what is never seen together.")
@click.argument("process", metavar="NAME", type=ProcessName())
def show(process: Process) -> None:
    click.echo(described(process), nl=False)


@processes.command(
    "check", help="Explore everything that linked machines can come to; fails when one is broken."
)
@click.argument("process", metavar="[NAME]", type=ProcessName(), required=False)
@click.pass_context
def check_processes(ctx: click.Context, process: Process | None) -> None:
    problems: list[str] = []
    for each in [process] if process else PROCESSES.values():
        for line in report(each):
            click.echo(line)
        problems += check(each)
    for problem in problems:
        click.echo(f"problem: {problem}", err=True)
    ctx.exit(1 if problems else 0)


@processes.command("diagram", help="Draw one process with all its machines and links.")
@click.argument("process", metavar="NAME", type=ProcessName())
@click.option(
    "--format", "language", type=click.Choice(["mermaid", "dot"]), default="mermaid", show_default=True
)
def draw(process: Process, language: str) -> None:
    click.echo(diagram.mermaid(process) if language == "mermaid" else diagram.dot(process), nl=False)


@processes.command(help=f"Write {PAGE} from the definitions.")
@click.option("--check", "only_check", is_flag=True, help="Write nothing; fail when it is stale.")
def docs(only_check: bool) -> None:
    keep(PAGE, page(PROCESSES.values()), "make docs", only_check=only_check)


def report(process: Process) -> Iterator[str]:
    """Say what exploring a process has found: per choice of machines, and what keeps them in step."""
    yield f"{process.name}, version {process.version}"
    for found in explore(process):
        yield f"  {choice(found.machines)}: {len(found.combinations)} combinations explored"
        yield from (f"    {line}" for line in _refused(found))


def _refused(found: Product) -> Iterator[str]:
    if not found.refused:
        yield "no event of anybody would break a forbidden pair"
    for states, party, event in sorted(found.refused, key=lambda each: [str(part) for part in each]):
        at = " × ".join(code or "–" for code in states)
        yield f"refused at {at}: {event} by the {party}'s machine, since it would break a forbidden pair"

"""The command that writes the history out."""

from pathlib import Path

import click

from cron.session import Session, say
from diff.saying.english import plural


@click.command()
@click.argument("directory", type=click.Path(path_type=Path, readable=False), metavar="DIR")
@click.option("--pages", is_flag=True, help="The kept pages too, as a web archive: large, and not ours to publish.")
@click.pass_obj
def export(session: Session, directory: Path, pages: bool) -> None:
    r"""Write the history into DIR as CSV and JSON lines, with a datapackage.json that describes every column.

    Agreements, their versions and texts, datasets, legal bases, controllers, changes, organisations and snapshots;
    and data_uses.csv, the agreements in the columns of HDR UK's data-use register standard. The same history gives
    the same bytes; files that would be the same are not touched, and none is removed.

    \b
    Example:
      registerwatch export history
    """
    from snapshots.export.writing import export as write_out

    register = session.settings.register
    written = write_out(
        session.store(),
        directory,
        register=register.name,
        index=register.index,
        vocabulary=session.vocabulary,
        pages=pages,
    )
    changed = sum(file.changed for file in written)
    say(f"{directory}: {plural(changed, 'file')} written, {len(written) - changed:,} as before.\n")


COMMANDS = (export,)

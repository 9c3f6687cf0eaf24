"""How pages and mails are drawn: templates that escape what they are given, and stop at a name that is not there."""

from jinja2 import Environment, PackageLoader, StrictUndefined


def new_environment() -> Environment:
    """Return an environment for the templates in `notify/templates`, to which its user adds filters."""
    return Environment(
        loader=PackageLoader("notify"),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )

"""Ways out: one file per format, found by listing this folder. A file holds FORMATS, those it writes."""

import importlib
import pkgutil
from functools import lru_cache

from collector.export_format import Format


@lru_cache(maxsize=1)
def formats() -> dict[str, Format]:
    """Every format by its name, in the order of the files."""
    found: dict[str, Format] = {}
    for module in pkgutil.iter_modules(__path__):
        loaded = importlib.import_module(f"{__name__}.{module.name}")
        found |= {each.name: each for each in loaded.FORMATS}
    return found

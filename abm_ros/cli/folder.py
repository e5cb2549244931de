"""The folder of a run, which `abm sim` fills and other commands look into."""

from pathlib import Path

RUN_FOLDER = Path('abm_out')

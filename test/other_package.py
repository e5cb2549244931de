"""What pip leaves of a package of somebody else that adds entries to ours."""

from pathlib import Path


def add_package(folder: Path, name: str, group: str, entries: dict[str, str], code: str) -> None:
    """
    Install a package of one module into a folder of the path.

    :param group: of the entry points.
    :param entries: name -> attribute of the module, or 'module:attribute' of another one.
    """
    (folder / f'{name}.py').write_text(code)
    info = folder / f'{name}-1.0.dist-info'
    info.mkdir()
    (info / 'METADATA').write_text(f'Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n')
    (info / 'entry_points.txt').write_text('\n'.join([f'[{group}]', *(
        f'{entry} = {target if ":" in target else f"{name}:{target}"}'
        for entry, target in entries.items())]) + '\n')

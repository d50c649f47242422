"""What every file of the project keeps to, whatever it holds."""

import re

from tests.architecture.tree import ROOT, committed_texts

# Folders of the machine that somebody happened to write on.
MACHINE_PATH = re.compile(r"(?<![\w.:/-])/(?:work|root|home)/")


def test_files_name_no_folder_of_a_machine() -> None:
    found = [
        f"{path}:{number}: {line.strip()[:100]}"
        for path, text in committed_texts().items()
        for number, line in enumerate(text.splitlines(), start=1)
        if MACHINE_PATH.search(line)
    ]
    assert not found


def test_licence_is_the_one_that_the_project_names() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in text
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text
    assert 'license = "Apache-2.0"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")

"""What a user gets by installing: everything the command needs is in the wheel, and the command runs from anywhere."""

import os
import subprocess
import sys
import sysconfig
import venv
from importlib.util import find_spec
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel of the project as it stands."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--quiet", "--wheel-dir", str(folder), str(ROOT)]
    if find_spec("hatchling"):
        build.append("--no-build-isolation")
    run = subprocess.run(build, capture_output=True, text=True, check=False)
    if "No matching distribution found for hatchling" in run.stderr:
        pytest.skip("hatchling is not installed here and no package index is reachable to fetch it from")
    assert run.returncode == 0, run.stderr
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of a fresh environment that holds the wheel, and sees our own only for what it depends on."""
    home = tmp_path_factory.mktemp("installed")
    venv.create(home, symlinks=True)
    programs = home / "bin"
    install = [sys.executable, "-m", "pip", "--python", str(programs / "python"), "install", "--quiet", "--no-index"]
    subprocess.run([*install, "--no-deps", str(wheel)], check=True)
    (site,) = home.glob("lib/python*/site-packages")
    # A path file is read after the site itself, so that no copy of the project elsewhere can stand in for the wheel.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    return programs


def run_elsewhere(folder: Path, *command: str | Path) -> subprocess.CompletedProcess[str]:
    """A command run in another folder, where nothing but the installation tells Python of the project."""
    kept = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "PYTHONHOME"}}
    return subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env={**kept, "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


@pytest.mark.parametrize(
    "name",
    [
        "grammar/policy.lark",
        "grammar/keywords.tsv",
        "grammar/catalogue.toml",
        "policies/common/vocabulary.policy",
        "policies/gaotai/rules.policy",
        "engine/doors/command.py",
    ],
)
def test_the_wheel_holds_what_the_command_reads(wheel: Path, name: str) -> None:
    with ZipFile(wheel) as archive:
        assert name in archive.namelist()


def test_the_wheel_holds_every_file_of_its_folders(wheel: Path) -> None:
    ours = {
        path.relative_to(ROOT).as_posix()
        for folder in ("grammar", "engine", "policies")
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith(".")
    }
    with ZipFile(wheel) as archive:
        assert ours - set(archive.namelist()) == set()


def test_the_installed_command_is_the_wheels_own(installed: Path, tmp_path: Path) -> None:
    run = run_elsewhere(tmp_path, installed / "python", "-c", "import engine; print(engine.__file__)")
    assert Path(run.stdout.strip()).is_relative_to(installed.parent)


def test_the_installed_command_checks_a_policy_from_another_folder(installed: Path, tmp_path: Path) -> None:
    run = run_elsewhere(tmp_path, installed / "xiance", "check", "gaotai")
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout

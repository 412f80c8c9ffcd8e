"""The floors of ``ARCHITECTURE.md`` hold: no room imports what it may not."""

from importlinter.cli import lint_imports

from tests.support.source import ROOT


def test_every_import_contract_is_kept(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    code = lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True, no_logo=True)
    assert code == 0, capsys.readouterr().out

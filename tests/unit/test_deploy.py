"""What is shipped to run unattended names files, commands and metrics that exist."""

import ast
import configparser
import json
import re

import pytest
import yaml

from kalshi_assistant.cli import COMMANDS
from tests.support.source import PACKAGE, ROOT

DEPLOY = ROOT / "deploy"
DASHBOARD = DEPLOY / "grafana" / "dashboards" / "kalshi-assistant.json"
METRIC = re.compile(r"\bkalshi_assistant_([a-z0-9_]+)")
METRICS = ROOT / PACKAGE / "metrics"
YAML = sorted(path for path in DEPLOY.rglob("*") if path.suffix in (".yml", ".yaml"))


def read(*parts):
    return DEPLOY.joinpath(*parts).read_text(encoding="utf-8")


def dashboard():
    return json.loads(DASHBOARD.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", YAML, ids=lambda path: path.name)
def test_every_yaml_file_is_yaml(path):
    assert yaml.safe_load(path.read_text(encoding="utf-8"))


def exported():
    """Every text in the code that could be a metric's name."""
    texts = set()
    for path in METRICS.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                texts.add(node.value)
    return texts


@pytest.mark.skipif(not METRICS.is_dir(), reason="this checkout has no metrics")
@pytest.mark.parametrize("path", [DASHBOARD, DEPLOY / "prometheus" / "rules.yml"], ids=str)
def test_every_metric_named_is_one_that_is_exported(path):
    named = set(METRIC.findall(path.read_text(encoding="utf-8")))
    assert named
    assert named - exported() == set()


def test_panels_have_names_of_their_own_and_do_not_overlap():
    panels = dashboard()["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert len({panel["title"] for panel in panels}) == len(panels)
    taken = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert place["x"] + place["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells


def test_every_panel_asks_the_data_source_that_can_be_chosen():
    asked = [target for panel in dashboard()["panels"] for target in panel.get("targets", ())]
    assert asked
    assert {target["datasource"]["uid"] for target in asked} == {"${datasource}"}
    assert all(METRIC.search(target["expr"]) for target in asked)


def unit():
    found = configparser.RawConfigParser(strict=False, interpolation=None)
    found.optionxform = str
    found.read_string(read("systemd", "kalshi-assistant.service"))
    return found


def test_the_service_runs_commands_that_exist():
    service = unit()["Service"]
    for name in ("ExecStart", "ExecReload"):
        program, command = service[name].split()[:2]
        assert program.endswith("/kalshi-assistant")
        assert command in COMMANDS


def test_a_service_is_not_started_again_where_only_a_person_can_help():
    service = unit()["Service"]
    assert service["Restart"] == "on-failure"
    assert service["RestartPreventExitStatus"].split() == ["2", "4"]


def test_the_service_lets_the_number_be_compiled_and_an_end_be_orderly():
    service = unit()["Service"]
    assert "MemoryDenyWriteExecute" not in service
    assert (service["KillSignal"], service["KillMode"]) == ("SIGTERM", "process")


def test_the_image_copies_what_is_there_and_runs_a_command():
    text = read("docker", "Dockerfile")
    for line in re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE):
        for source in line.split():
            assert (ROOT / source).exists(), source
    (words,) = re.findall(r"^CMD (\[.+\])$", text, re.MULTILINE)
    assert json.loads(words)[0] in COMMANDS


def compose():
    return yaml.safe_load(read("docker", "compose.yaml"))


def test_the_compose_file_mounts_what_is_shipped():
    folder = DEPLOY / "docker"
    for service in compose()["services"].values():
        for volume in service["volumes"]:
            source = volume.partition(":")[0]
            if source.startswith("../"):
                assert (folder / source).exists(), source


def test_nothing_listens_beyond_the_machine():
    for name, service in compose()["services"].items():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ())), name
    assert "0.0.0.0" not in read("docker", "compose.yaml")  # what must not be there


def test_both_ways_give_the_orderly_end_the_same_time():
    assert unit()["Service"]["TimeoutStopSec"] == "45"
    assert compose()["services"]["engine"]["stop_grace_period"] == "45s"

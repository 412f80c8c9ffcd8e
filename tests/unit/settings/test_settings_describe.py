"""What is shown of the settings is complete, readable back, and free of secrets."""

import dataclasses
from itertools import pairwise

import yaml

from kalshi_assistant.settings import Settings, example, load, redacted, schema
from kalshi_assistant.settings.building import keys
from kalshi_assistant.settings.describe import document, leaves


def test_the_example_reads_back_as_the_defaults(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text(example(), encoding="utf-8")
    configuration = load(path, environ={})
    assert configuration.settings == Settings()
    assert not {"default"} & set(configuration.origins.values())


def test_every_line_of_the_example_has_a_comment_above():
    lines = [line.strip() for line in example().splitlines() if line.strip()]
    for above, line in pairwise(lines):
        assert line.startswith("#") or above.startswith("#")


def test_the_document_names_every_setting():
    found = dict(leaves(document(Settings())))
    assert list(found) == [key for key, _ in keys(Settings)]


def test_the_document_is_plain_yaml():
    found = document(Settings())
    assert yaml.safe_load(yaml.safe_dump(found)) == found


def test_a_key_id_is_shown_by_its_beginning():
    settings = dataclasses.replace(Settings(), key_id="0123456789abcdef")
    assert redacted(settings)["key_id"] == "01234567..."


def test_the_schema_has_bounds_choices_and_words_and_no_room_for_others():
    found = schema()
    number = found["$defs"]["NumberSettings"]
    assert number["properties"]["warm_seconds"]["minimum"] == 10
    assert number["properties"]["warm_seconds"]["description"]
    assert found["$defs"]["PaperSettings"]["properties"]["account"]["enum"] == [
        "direct",
        "broker",
        "shown",
    ]
    assert not found["additionalProperties"]
    assert not number["additionalProperties"]


def test_the_engine_gets_its_part():
    settings = dataclasses.replace(Settings(), environment="demo")
    assert settings.engine.environment == "demo"
    assert settings.engine.number is settings.number

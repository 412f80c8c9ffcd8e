"""Settings: a YAML file and the environment onto the frozen settings of every room.

Each room owns a frozen dataclass with bounds and one line of comment per field; ``model.Settings``
joins them. Reading lists every problem at once, with where it stands and what to write instead
(``SettingsError``, exit 2).

| file        | what                                                            |
|-------------|-----------------------------------------------------------------|
| model       | all settings together                                           |
| file        | the YAML file, with the line and column of every value          |
| environment | ``KALSHI_ASSISTANT__SECTION__KEY``, and the way for secrets     |
| building    | values onto dataclasses, every problem kept                     |
| loading     | the order of precedence, and what does not fit together         |
| keyfile     | files with a secret, for their owner only                       |
| channel_secrets | what the channels of alerts log in with                     |
| describe    | the example file, the JSON schema, the values in force          |
"""

from kalshi_assistant.settings.describe import example, redacted, schema
from kalshi_assistant.settings.loading import Configuration, load
from kalshi_assistant.settings.located import Problem, SettingsError
from kalshi_assistant.settings.model import Settings

__all__ = [
    "Configuration",
    "Problem",
    "Settings",
    "SettingsError",
    "example",
    "load",
    "redacted",
    "schema",
]

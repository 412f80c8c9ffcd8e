"""All settings together: the program's own, and one section for each room that has some."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from kalshi_assistant.alerts.settings import AlertSettings
from kalshi_assistant.control.settings import ControlSettings
from kalshi_assistant.domain.ranges import setting
from kalshi_assistant.engine.settings import AccountSettings, EngineSettings, PaperSettings
from kalshi_assistant.execution.terms import OrderSettings
from kalshi_assistant.headless import HeadlessSettings
from kalshi_assistant.journal.settings import JournalSettings
from kalshi_assistant.market.replica_settings import ReplicaSettings
from kalshi_assistant.market.settings import NumberSettings
from kalshi_assistant.market.sources import SourceSettings
from kalshi_assistant.metrics.settings import HttpSettings
from kalshi_assistant.risk.limits import RiskSettings
from kalshi_assistant.runtime.gateway_settings import GatewaySettings
from kalshi_assistant.runtime.inbox import InboxSettings
from kalshi_assistant.strategy.exits import ExitSettings
from kalshi_assistant.strategy.signals import SignalSettings
from kalshi_assistant.strategy.sizing import SizingSettings
from kalshi_assistant.ui.settings import UiSettings
from kalshi_assistant.venues.brti.wire import CfSettings
from kalshi_assistant.venues.kalshi.session import SessionSettings
from kalshi_assistant.venues.spot.settings import SpotSettings
from kalshi_assistant.web.settings import WebSettings

Environment = Literal["prod", "demo", "local"]
Mode = Literal["watch", "paper", "live"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a person may set. Holds no secret, so it may be shown, logged and recorded."""

    environment: Environment = setting(
        "prod", "the venue: prod, its demo environment, or a local exchange"
    )
    mode: Mode = setting(
        "watch", "watch (forecasts and signals, no orders), paper, or live (real money)"
    )
    key_id: str | None = setting(None, "id of the API key, as the venue shows it")
    private_key_path: Path | None = setting(
        None, "file with the private key (PEM), which only you may read"
    )
    client_file: Path | None = setting(
        None, "client.json that the local exchange wrote, for environment local"
    )
    state_dir: Path | None = setting(None, "ledger and locks; null is your own state folder")
    data_dir: Path | None = setting(None, "journals and recordings; null is your own data folder")
    log_dir: Path | None = setting(None, "logs; null is logs/ of a checkout or your log folder")

    number: NumberSettings = field(default_factory=NumberSettings)
    signal: SignalSettings = field(default_factory=SignalSettings)
    sizing: SizingSettings = field(default_factory=SizingSettings)
    exits: ExitSettings = field(default_factory=ExitSettings)
    orders: OrderSettings = field(default_factory=OrderSettings)
    risk: RiskSettings = field(default_factory=RiskSettings)
    account: AccountSettings = field(default_factory=AccountSettings)
    gateway: GatewaySettings = field(default_factory=GatewaySettings)
    paper: PaperSettings = field(default_factory=PaperSettings)
    sources: SourceSettings = field(default_factory=SourceSettings)
    replica: ReplicaSettings = field(default_factory=ReplicaSettings)
    spot: SpotSettings = field(default_factory=SpotSettings)
    session: SessionSettings = field(default_factory=SessionSettings)
    cf: CfSettings = field(default_factory=CfSettings)
    journal: JournalSettings = field(default_factory=JournalSettings)
    control: ControlSettings = field(default_factory=ControlSettings)
    inbox: InboxSettings = field(default_factory=InboxSettings)
    alerts: AlertSettings = field(default_factory=AlertSettings)
    headless: HeadlessSettings = field(default_factory=HeadlessSettings)
    http: HttpSettings = field(default_factory=HttpSettings)
    web: WebSettings = field(default_factory=WebSettings)
    ui: UiSettings = field(default_factory=UiSettings)

    @property
    def engine(self) -> EngineSettings:
        """What the engine gets to know of this."""
        return EngineSettings(
            number=self.number,
            signal=self.signal,
            sizing=self.sizing,
            exits=self.exits,
            orders=self.orders,
            risk=self.risk,
            account=self.account,
            paper=self.paper,
            sources=self.sources,
            replica=self.replica,
            mode=self.mode,
            environment=self.environment,
        )

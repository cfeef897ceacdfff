"""Settings from file, variables and flags, and what is said about wrong ones."""

from pathlib import Path

import pytest

from renown.errors import SettingsError
from renown.gateway.options import RoomRule
from renown.server.loading import load
from renown.server.policies import chosen
from renown.server.schema import leaves
from renown.server.settings import NOTES, Settings


def test_later_sources_win_and_every_value_knows_where_it_came_from(tmp_path: Path) -> None:
    file = tmp_path / "renown.toml"
    file.write_text('port = 1\nhost = "127.0.0.2"\ndata = "here"\n[log]\nlevel = "debug"\n')
    loaded = load(file, {"RENOWN_PORT": "2", "RENOWN_HOST": "127.0.0.3"}, {"port": 3, "data": None})
    settings = loaded.settings
    assert (settings.port, settings.host, settings.data, settings.log.level) == (
        3, "127.0.0.3", "here", "debug",
    )  # fmt: skip
    assert loaded.origins["port"] == "--port"
    assert loaded.origins["host"] == "RENOWN_HOST"
    assert loaded.origins["log.level"] == str(file)
    assert loaded.origins["limits.body_bytes"] == "default"


def test_defaults_of_a_table_survive_a_change_of_one_of_its_values() -> None:
    loaded = load(environment={"RENOWN_GATEWAY__CHANNELS__ACTIVITY__SUBSCRIBE": "users"})
    activity = loaded.settings.gateway.channels.activity
    assert activity.subscribe == "users"
    assert activity.interval == Settings().gateway.channels.activity.interval


def test_variables_are_read_as_the_types_of_their_settings() -> None:
    environment = {
        "RENOWN_ORIGINS": "https://a.example, https://b.example",
        "RENOWN_POLICIES": '["seller"]',
        "RENOWN_DEV": "true",
        "RENOWN_TOKENS__LIFETIME": "60",
        "RENOWN_TOKENS__SUBSCRIPTION__SECRET": "0123",
        "RENOWN_GATEWAY__ROOMS__CHAT__PUBLISH": '["owner", "role:moderator"]',
        "RENOWN_GATEWAY__ROOMS__CHAT__SUBSCRIBE": "users",
    }
    settings = load(environment=environment).settings
    assert settings.origins == ("https://a.example", "https://b.example")
    assert settings.policies == ("seller",)
    assert settings.dev is True
    assert settings.tokens.lifetime == 60
    assert settings.tokens.subscription is not None
    assert settings.tokens.subscription.secret == "0123"
    chat = settings.gateway.rooms["chat"]
    assert (chat.publish, chat.subscribe) == (("owner", "role:moderator"), "users")


def test_a_secret_may_lie_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s" * 40 + "\n")
    settings = load(environment={"RENOWN_TOKENS__SECRET_FILE": str(tmp_path / "secret")}).settings
    assert settings.tokens.secret == "s" * 40
    with pytest.raises(SettingsError) as caught:
        load(environment={"RENOWN_TOKENS__SECRET_FILE": str(tmp_path / "none")})
    assert caught.value.problem_code == "unreadable_file"


@pytest.mark.parametrize(
    "text,field,expected",
    [
        ("prot = 1", "prot", "port"),
        ("[acess]\nanonymous = true", "acess.anonymous", "access.anonymous"),
        ('port = "many"', "port", "whole number"),
        ('[log]\nlevel = "loud"', "log.level", "debug | info | warning | error"),
        ("policies = 3", "policies", "list of text"),
    ],
)
def test_a_wrong_setting_is_named_with_what_was_expected(
    tmp_path: Path, text: str, field: str, expected: str
) -> None:
    file = tmp_path / "renown.toml"
    file.write_text(text)
    with pytest.raises(SettingsError) as caught:
        load(file)
    assert caught.value.field == field
    assert caught.value.expected == expected
    assert str(file) in caught.value.detail


def test_a_file_that_is_no_toml_or_is_not_there_is_told(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text("port = = 1")
    for name, code in (("bad.toml", "malformed_file"), ("none.toml", "unreadable_file")):
        with pytest.raises(SettingsError) as caught:
            load(tmp_path / name)
        assert caught.value.problem_code == code


PRESETS = {"seller", "product", "trader", "member", "account", "freelancer", "system"}


def test_policies_are_presets_by_default_in_dev_mode_only(tmp_path: Path) -> None:
    assert set(chosen(load(flags={"dev": True}).settings).kinds) == PRESETS
    with pytest.raises(SettingsError) as caught:
        chosen(Settings())
    assert caught.value.problem_code == "no_policies"
    with pytest.raises(SettingsError) as caught:
        chosen(Settings(policies=("seler",)))
    assert caught.value.expected == "seller"


def test_policies_may_be_files_and_patterns(tmp_path: Path) -> None:
    from renown.policy import preset_text

    text = preset_text("seller").replace('kind = "seller"', 'kind = "shop"')
    (tmp_path / "shop.toml").write_text(text)
    assert chosen(Settings(policies=("trader", str(tmp_path / "*.toml")))).kinds == ("trader", "shop")


def test_every_setting_is_explained() -> None:
    unexplained = [path for path, leaf in leaves(Settings).items() if not leaf.doc and path not in NOTES]
    assert unexplained == []


def test_tables_may_have_names_of_the_users_choice(tmp_path: Path) -> None:
    file = tmp_path / "renown.toml"
    file.write_text(
        '[gateway.rooms.chat]\nhistory_size = 50\npublish = "subscribers"\n'
        '[gateway.rooms.notes]\nmap = "persistent"\n[gateway.without_namespace]\npresence = true\n'
    )
    loaded = load(file, {"RENOWN_GATEWAY__ROOMS__CHAT__PRESENCE": "true"})
    rooms = loaded.settings.gateway.rooms
    assert sorted(rooms) == ["chat", "notes"]
    assert (rooms["chat"].history_size, rooms["chat"].publish, rooms["chat"].presence) == (
        50,
        "subscribers",
        True,
    )
    assert rooms["notes"].map.value == "persistent"
    other = loaded.settings.gateway.without_namespace
    assert other is not None
    assert other.presence
    assert loaded.origins["gateway.rooms.chat.history_size"] == str(file)


def test_an_unknown_name_in_a_named_table_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "renown.toml"
    file.write_text("[gateway.rooms.chat]\nhistory = 50\n")
    with pytest.raises(SettingsError) as caught:
        load(file)
    assert caught.value.field == "gateway.rooms.chat.history"


def test_a_namespace_may_be_declared_by_its_name_alone(tmp_path: Path) -> None:
    file = tmp_path / "renown.toml"
    file.write_text(
        '[gateway.rooms.typing]\n[gateway.without_namespace]\n[log]\n[gateway.rooms.a]\npublish = "users"\n'
    )
    loaded = load(file)
    gateway = loaded.settings.gateway
    assert gateway.rooms == {"typing": RoomRule(), "a": RoomRule(publish="users")}
    assert gateway.without_namespace == RoomRule()
    assert loaded.origins["gateway.rooms.typing.publish"] == "default"
    assert loaded.origins["gateway.rooms.a.publish"] == str(file)
    assert not any("*" in path for path in loaded.origins)


def test_an_empty_table_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "renown.toml"
    file.write_text("[gateway.romms]\n")
    with pytest.raises(SettingsError) as caught:
        load(file)
    assert caught.value.problem_code == "unknown_setting"

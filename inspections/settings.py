"""Settings: one frozen dataclass read from the environment; a wrong value stops the start with a sentence."""

from __future__ import annotations

import os
import secrets
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from geo.datums import read_local_datums
from inspections.errors import InspectionError

LANGUAGES = ("zh_CN", "en")


class WrongSetting(InspectionError):
    """A setting from the environment that the program cannot start with."""

    code = "setting.wrong"
    message = "{name} is {value!r}: {why}"


@dataclass(frozen=True)
class Settings:
    """What the program was started with. `XUNTU_*` in the environment; the README lists each."""

    data: Path = Path("instance")
    database_url: str = ""
    secret_key: str = ""
    url: str = ""
    host: str = "127.0.0.1"
    port: int = 5000
    proxies: int = 0
    county: Path | None = None
    lang: str = "zh_CN"
    tiles: str = ""
    profile: Mapping[str, Any] = field(default_factory=dict)

    @property
    def evidence(self) -> Path:
        """Folder of the evidence files, by sha256."""
        return self.data / "evidence"

    @property
    def imports(self) -> Path:
        """Folder of the files received for import, by the id of each."""
        return self.data / "imports"

    @property
    def is_sqlite(self) -> bool:
        """Whether the store is one SQLite file."""
        return self.database_url.startswith("sqlite")


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from `environ` (the process's by default), making the secret key if there is none."""
    env = os.environ if environ is None else environ
    data = Path(env.get("XUNTU_DATA") or "instance").absolute()
    county = Path(env["XUNTU_COUNTY"]) if env.get("XUNTU_COUNTY") else None
    return Settings(
        data=data,
        database_url=_database_url(env.get("XUNTU_DATABASE_URL", ""), data),
        secret_key=env.get("XUNTU_SECRET_KEY", ""),
        url=_public_url(env.get("XUNTU_URL", "")),
        proxies=_whole_number("XUNTU_PROXIES", env.get("XUNTU_PROXIES", "0")),
        county=county,
        lang=_language(env.get("XUNTU_LANG", "zh_CN")),
        tiles=env.get("XUNTU_TILES", ""),
        profile=read_profile(county or data / "county.toml", required=county is not None),
    )


def secret_key(settings: Settings) -> str:
    """The key that signs cookies: the setting's, or one made once and kept in the data folder (mode 0600)."""
    if settings.secret_key:
        return settings.secret_key
    path = settings.data / "secret-key"
    settings.data.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii").strip()
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        key = secrets.token_hex(32)
        file.write(key + "\n")
    return key


def read_profile(path: Path, *, required: bool) -> Mapping[str, Any]:
    """Read the county profile (TOML); an absent optional one is empty.

    Raises
    ------
    WrongSetting
        There is no such file, or it is no TOML.
    GeoError
        Its parameters of Xian 1980 or Beijing 1954 cannot be right.
    """
    try:
        profile = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if required:
            raise WrongSetting(name="XUNTU_COUNTY", value=str(path), why="there is no such file") from None
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise WrongSetting(name="XUNTU_COUNTY", value=str(path), why=str(error)) from error
    # What is wrong there would come to light with the first file, and move its places
    read_local_datums(profile)
    return profile


def _database_url(text: str, data: Path) -> str:
    if not text:
        return f"sqlite:///{data / 'xuntu.sqlite3'}"
    if text.startswith(("postgres://", "postgresql://")):
        return "postgresql+psycopg://" + text.split("://", 1)[1]
    if text.startswith(("postgresql+psycopg://", "sqlite:///")):
        return text
    shown = text.split("@")[-1]  # never print a password
    raise WrongSetting(
        name="XUNTU_DATABASE_URL", value=shown, why="start it with sqlite:/// or postgresql://"
    )


def _public_url(text: str) -> str:
    if not text:
        return ""
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/"):
        raise WrongSetting(name="XUNTU_URL", value=text, why="write it like https://xuntu.example.cn")
    return f"{parts.scheme}://{parts.netloc}"


def _whole_number(name: str, text: str) -> int:
    if not text.isdecimal() or int(text) > 10:
        raise WrongSetting(name=name, value=text, why="write a whole number from 0 to 10")
    return int(text)


def _language(text: str) -> str:
    known = {"zh": "zh_CN", "zh_cn": "zh_CN", "zh-cn": "zh_CN", "en": "en"}
    if text.lower() not in known:
        raise WrongSetting(name="XUNTU_LANG", value=text, why="write zh_CN or en")
    return known[text.lower()]

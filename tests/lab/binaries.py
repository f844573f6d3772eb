"""The programs that `make build` makes: the functions as `sam build` packages them, and the `rescind` command."""

from lab.events import ROOT

RELEASE = ROOT / "target" / "bin"

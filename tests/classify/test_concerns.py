import datetime as dt
import subprocess
import sys
from pathlib import Path

import pytest

from classify.concerns import SHIPPED, load_examples, load_taxonomy
from models.classification import MarketRole
from models.deadline import DeadlineKind, Start, Unit
from models.errors import ConfigError

NEW = """
[concerns.baeder]
label_de = "Bäder"
label_en = "Pools"
definition = "Schwimmbad, Sauna."
queue = "posteingang"
market_role = "alle"
priority = "niedrig"
examples = ["Wann öffnet das Freibad?"]
"""


def house(folder: Path, text: str) -> Path:
    path = folder / "concerns.toml"
    path.write_text(text, "utf-8")
    return path


def test_shipped_taxonomy_has_27_concerns_and_every_key_leads_somewhere() -> None:
    taxonomy = load_taxonomy(None)
    assert len(taxonomy.concerns) == 27
    assert {concern.queue for concern in taxonomy.concerns.values()} <= set(taxonomy.queues)
    assert (taxonomy.default, taxonomy.danger, taxonomy.clarification) == (
        "sonstiges",
        "notfall_gefahr",
        "posteingang",
    )
    assert taxonomy.concerns[taxonomy.danger].priority == 0
    assert not taxonomy.aliases


def test_every_concern_says_what_it_is_and_what_its_neighbours_are() -> None:
    for concern in load_taxonomy(None).concerns.values():
        assert concern.definition
        assert concern.neighbours
        assert concern.label_de != concern.key


def test_umlauts_are_written() -> None:
    prose = [line for line in SHIPPED.read_text("utf-8").splitlines() if line.startswith(("label_de", "definition"))]
    text = "\n".join(prose)
    assert "Zähler" in text
    assert not [word for word in ("Zaehler", "Kuendigung", "Pruefung", "Gebuehr", "Saür") if word in text]


def test_deadline_rules_are_read_as_data() -> None:
    (rule,) = load_taxonomy(None).concerns["beschwerde"].deadlines
    assert (rule.key, rule.amount, rule.unit, rule.start) == ("beschwerde.1", 4, Unit.weeks, Start.receipt)
    assert (rule.kind, rule.verified, rule.event) == (DeadlineKind.statutory_reply, True, "zugang")
    assert "111a" in rule.legal_basis


def test_rules_of_the_law_that_changed_follow_each_other_without_a_gap() -> None:
    rules = [rule for rule in load_taxonomy(None).concerns["sperrung"].deadlines if rule.event == "androhung"]
    new = next(rule for rule in rules if "41f" in rule.legal_basis)
    old = next(rule for rule in rules if "19(2)" in rule.legal_basis)
    assert new.valid_from is not None
    assert old.valid_to is not None
    assert new.valid_from - old.valid_to == dt.timedelta(days=1)


def test_only_the_receipt_of_the_message_starts_a_period_by_itself() -> None:
    rules = [rule for concern in load_taxonomy(None).concerns.values() for rule in concern.deadlines]
    assert len({rule.key for rule in rules}) == len(rules)
    assert {rule.event for rule in rules if rule.start is Start.receipt} == {
        "eingang",
        "zugang",
        "eingang_mitteilung",
        "eingang_begehren",
    }


def test_a_house_adds_changes_and_removes(tmp_path: Path) -> None:
    path = house(
        tmp_path,
        'extends = true\n[remove]\nconcerns = ["einspeisung_pv"]\n'
        '[queues.netz_technik]\nlabel_de = "Netzwarte"\n[concerns.umzug]\npriority = "normal"\n' + NEW,
    )
    shipped, taxonomy = load_taxonomy(None), load_taxonomy(path)
    assert set(taxonomy.concerns) == set(shipped.concerns) - {"einspeisung_pv"} | {"baeder"}
    assert taxonomy.queues["netz_technik"].label_de == "Netzwarte"
    assert taxonomy.queues["netz_technik"].market_role is MarketRole.netz
    assert (taxonomy.concerns["umzug"].priority, shipped.concerns["umzug"].priority) == (3, 2)
    assert taxonomy.concerns["umzug"].definition == shipped.concerns["umzug"].definition
    assert "einspeisung_pv" not in dict(taxonomy.concerns["netzanschluss"].neighbours)
    assert ("baeder", "Wann öffnet das Freibad?") in load_examples(path)


def test_renamed_and_merged_keys_are_followed_everywhere(tmp_path: Path) -> None:
    path = house(
        tmp_path,
        'extends = true\n[rename]\nsonstiges = "irrlaeufer"\nrechnung_frage = "fragen"\n'
        '[merge]\nrechnung = ["fragen", "rechnung_einwand"]\n[concerns.rechnung]\nlabel_de = "Rechnung"\n',
    )
    taxonomy = load_taxonomy(path)
    assert taxonomy.aliases == {
        "sonstiges": "irrlaeufer",
        "rechnung_frage": "rechnung",
        "fragen": "rechnung",
        "rechnung_einwand": "rechnung",
    }
    assert taxonomy.default == "irrlaeufer"
    merged = taxonomy.concerns["rechnung"]
    assert merged.label_de == "Rechnung"
    assert [rule.key for rule in merged.deadlines] == [f"rechnung.{number}" for number in range(1, 5)]
    assert {"rechnung_frage", "rechnung_einwand"}.isdisjoint(taxonomy.concerns)
    assert "rechnung" in dict(taxonomy.concerns["abschlag"].neighbours)


def test_a_file_of_its_own_replaces_everything(tmp_path: Path) -> None:
    path = house(
        tmp_path,
        'default = "baeder"\ndanger = "baeder"\nclarification = "posteingang"\n'
        '[queues.posteingang]\nlabel_de = "Post"\nlabel_en = "Mail"\nmarket_role = "alle"\n' + NEW,
    )
    assert list(load_taxonomy(path).concerns) == ["baeder"]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('extends = true\n[concerns.umzug]\nqueue = "gibt_es_nicht"', "'concerns.umzug.queue' = 'gibt_es_nicht'"),
        ('extends = true\n[concerns.umzug]\npriority = "eilig"', "'concerns.umzug.priority' = 'eilig'"),
        ('extends = true\n[concerns.umzug]\nqeue = "wasser"', "'concerns.umzug.qeue' is not a known key"),
        ("extends = true\n[concerns.umzug]\nneighbours = 3", "'concerns.umzug.neighbours' must be a table"),
        ('extends = true\n[concerns.neu]\nlabel_de = "Neu"', "'concerns.neu.label_en' is missing"),
        ('extends = true\n[concerns."Groß"]\nlabel_de = "Neu"', "concerns.Groß"),
        ('extends = true\n[remove]\nconcerns = ["umzuge"]', "'remove.concerns' names 'umzuge'"),
        ('extends = true\n[remove]\nconcern = ["umzug"]', "'remove.concern' is not a known key"),
        ('extends = true\n[remove]\nconcerns = ["notfall_gefahr"]', "'danger' = 'notfall_gefahr'"),
        ('extends = true\n[remove]\nqueues = ["wasser"]', "'concerns.wasser_abwasser.queue' = 'wasser'"),
        ('extends = true\n[rename]\numzug = "kuendigung"', "'rename.umzug' = 'kuendigung'"),
        ("extends = true\n[rename]\numzug = 3", "'rename.umzug' must be the new key"),
        ('extends = true\n[merge]\nrechnung = "umzug"', "'merge.rechnung' must list"),
        ('extends = true\n[merge]\numzug = ["kuendigung"]', "'merge.umzug'"),
        ("extends = true\n[merge]\nneu = [[1]]", "'merge.neu' names '[1]'"),
        ("extends = true\nconcerns = 3", "'concerns' must be a table"),
        ("extends = true\n[concerns.umzug]\ndeadlines = [{amount = -1}]", "'concerns.umzug.deadlines.0.amount' = -1"),
        ("default = 3", "'queues' is missing"),
        ("default =", "not valid TOML"),
    ],
)
def test_errors_name_file_and_key(tmp_path: Path, text: str, named: str) -> None:
    path = house(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load_taxonomy(path)
    assert named in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not exist"):
        load_taxonomy(tmp_path / "none.toml")


def test_the_taxonomy_is_read_without_spacy_and_numpy() -> None:
    code = "import sys, classify.concerns as c; c.load_taxonomy(None); print({'spacy', 'numpy'} & set(sys.modules))"
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"

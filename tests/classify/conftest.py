import json
from pathlib import Path

import pytest

from classify.concerns import load_examples, load_taxonomy
from classify.head import Settings
from classify.train import TrainingReport, train

WRITERS = {
    "anna": {
        "zaehlerstand": ["Der Zähler zeigt {n} kWh.", "Ablesung von heute: {n}.", "Zählerstand Strom {n}"],
        "umzug": ["Ich ziehe am {n}. aus der Wohnung aus.", "Auszug zum {n}.", "Neue Wohnung, Einzug am {n}."],
        "kuendigung": [
            "Ich kündige meinen Vertrag {n}.",
            "Kündigung zum {n}. bitte bestätigen.",
            "Vertrag {n} kündigen",
        ],
    },
    "bert": {
        "zaehlerstand": ["hab abgelesen, zaehler steht auf {n}", "stand {n} am zaehler", "zaehler sagt {n}"],
        "umzug": ["zieh um, neue wohnung ab {n}.", "wir ziehen aus am {n}.", "umzug nach haus nummer {n}"],
        "kuendigung": ["will kuendigen zum {n}.", "kuendige den vertrag {n}", "hiermit kuendigung {n}"],
    },
    "cora": {
        "zaehlerstand": ["Anbei der Zählerstand {n}, abgelesen gestern.", "Stand des Zählers: {n}"],
        "umzug": ["Umzug: bitte melden Sie die alte Wohnung {n} ab.", "Einzug in die Wohnung {n}."],
        "kuendigung": ["Bitte beenden Sie den Vertrag {n}, Kündigung.", "Ich möchte den Vertrag {n} kündigen."],
    },
}


def write_corpus(path: Path) -> Path:
    """A corpus small enough to train in a second: three writers, three concerns."""
    lines = []
    for writer, concerns in WRITERS.items():
        for concern, texts in concerns.items():
            for number in range(8):
                text = texts[number % len(texts)].format(n=10 + number)
                lines.append(
                    {
                        "id": f"{writer}-{concern}-{number}",
                        "writer": writer,
                        "channel": "email" if number % 2 else "letter",
                        "language": "de",
                        "subject": "Anfrage",
                        "body": f"Sehr geehrte Damen und Herren,\n{text}\nMit freundlichen Grüßen\n{writer.title()}",
                        "primary": concern,
                        "labels": [concern],
                    }
                )
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), "utf-8")
    return path


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, TrainingReport]:
    """A small model in a folder, and the report of its training."""
    folder = tmp_path_factory.mktemp("trained")
    corpus = write_corpus(folder / "corpus.jsonl")
    settings = Settings(bits=16, epochs=4, encoder="")
    report = train([corpus], load_taxonomy(None), folder / "model", examples=load_examples(None), settings=settings)
    return folder / "model", report

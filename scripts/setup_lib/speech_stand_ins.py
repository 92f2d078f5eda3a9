"""Puts empty stand-ins for two compiled speech packages into the running environment.

Where no compiler is, Home Assistant's frontend would wait forever for a component that
imports them. The demo has no use for what they do.
"""

from pathlib import Path
import sysconfig

STAND_INS = {
    "pymicro_vad": "class MicroVad:\n    def Process10ms(self, audio):\n        return 0.0\n",
    "pyspeex_noise": (
        "class AudioProcessor:\n"
        "    def __init__(self, *args):\n        pass\n"
        "    def Process10ms(self, audio):\n        return self\n"
    ),
}


def main() -> None:
    """Write the stand-ins that are missing."""
    site = Path(sysconfig.get_path("purelib"))
    for name, text in STAND_INS.items():
        if not (site / name).exists():
            (site / f"{name}.py").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

"""The statistics do what they say, on 1,000 simulated test sets (benchmarks/calibration.py)."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

FILE = Path(__file__).resolve().parents[2] / "benchmarks" / "calibration.py"


@pytest.fixture(scope="module")
def calibration() -> ModuleType:
    spec = importlib.util.spec_from_file_location("calibration", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["calibration"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
@pytest.mark.parametrize("images", [444, 111])
def test_intervals_cover_p_values_are_uniform_and_power_is_as_stated(
    calibration: ModuleType, images: int
) -> None:
    found = calibration.calibrate(images, simulations=1_000, seed=1)
    assert 0.93 <= found.covered <= 0.97
    assert 0.93 <= found.difference_covered <= 0.97
    assert found.uniform > 0.01
    assert found.false_alarms == pytest.approx(0.05, abs=0.02)
    assert found.false_alarms_unequal_spread == pytest.approx(0.05, abs=0.02)
    assert found.power == pytest.approx(0.8, abs=0.04)
    assert found.covered_if_records_were_independent < 0.93

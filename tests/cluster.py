"""A Ray cluster of this machine, for tests."""

import warnings
from collections.abc import Iterator

import pytest


def local_cluster(processors: int) -> Iterator[str]:
    """The address of a cluster while a module of tests runs; they are skipped where Ray is not installed."""
    ray = pytest.importorskip("ray", reason="Ray, which the extra scale brings, is not installed")
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        patch.setenv("RAY_TRAIN_HEALTH_CHECK_INTERVAL_S", "0.2")
        patch.setenv("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        try:
            ray.init(
                address="local",
                num_cpus=processors,
                include_dashboard=False,
                configure_logging=False,
                log_to_driver=False,
                object_store_memory=100 << 20,
            )
        except (OSError, RuntimeError, TimeoutError) as error:
            pytest.skip(f"no Ray cluster can be started on this machine ({error})")
        yield ray.get_runtime_context().gcs_address
        ray.shutdown()

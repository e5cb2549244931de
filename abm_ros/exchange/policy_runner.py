"""
Controls at rate with an exported policy: numpy and onnxruntime alone, no ROS, no torch.

`Policy(folder).act(observation, goal)` gives an action in [-1, 1] per joint; `spec.json` names the
fields of an observation in their order. As a program it reads a JSON object with `observation` and
`goal` from each line of its input and answers each with a line that holds `action`.

It is the habit alone: nothing is searched for, nothing is learned, and no limit is enforced.
Scale the action by the joints' velocity limits, and keep the motor gate or a guard of your own
behind it.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime


class Policy:
    """An exported encoder and policy."""

    def __init__(self, folder: Path) -> None:
        self.spec: dict[str, Any] = json.loads((folder / 'spec.json').read_text(encoding='utf-8'))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._encode, self._policy = (
            onnxruntime.InferenceSession((folder / name).read_bytes(), options)
            for name in ('encode.onnx', 'policy.onnx'))

    def act(self, observation: Any, goal: Any) -> np.ndarray:
        """
        Return an action.

        :param observation: (D,), the fields of the spec one after the other.
        :param goal: (G,), where the field that the spec calls its goal is to be.
        :return: (A,) float32 in [-1, 1].
        :raises ValueError: a wrong length, or a number that is not finite.
        """
        seen = self._row('observation', observation, self.spec['observation_size'])
        wanted = self._row('goal', goal, self.spec['goal_size'])
        latent, = self._encode.run(['latent'], {'observation': seen})
        action, = self._policy.run(['action'], {'latent': latent, 'goal': wanted})
        return np.clip(action[0], -1.0, 1.0)

    @staticmethod
    def _row(name: str, values: Any, size: int) -> np.ndarray:
        row = np.asarray(values, np.float32).reshape(1, -1)
        if row.shape[1] != size or not np.isfinite(row).all():
            raise ValueError(f'{name}: expected {size} finite numbers, got {row.shape[1]}')
        return row


def main() -> None:
    """Answer each line of the input; say on standard error when an answer was late."""
    policy = Policy(Path(__file__).resolve().parent)
    period_s = policy.spec['control_period_s']
    for line in sys.stdin:
        began_s = time.perf_counter()
        asked = json.loads(line)
        action = policy.act(asked['observation'], asked['goal'])
        sys.stdout.write(json.dumps({'action': action.tolist()}) + '\n')
        sys.stdout.flush()
        if (took_s := time.perf_counter() - began_s) > period_s:
            sys.stderr.write(f'late: {took_s * 1e3:.1f} ms of {period_s * 1e3:.1f} ms\n')


if __name__ == '__main__':
    main()

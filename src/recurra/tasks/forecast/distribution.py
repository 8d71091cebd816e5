"""Quantiles of the distributions that heads put out, on plain arrays: trained nets and streams share them.

Nothing here imports torch.
"""

from typing import Any

import numpy as np
from jaxtyping import Float64
from scipy import special

Parameters = Float64[np.ndarray, "*batch parameters"]
Values = Float64[np.ndarray, "*batch quantiles"]


def student_t_quantiles(parameters: Parameters, probabilities: Any) -> Values:
    """Exact quantiles of Student's t distribution.

    Args:
        parameters: Location, width and degrees of freedom of each distribution.
        probabilities: The same for all, (quantiles), or of each, (..., quantiles).

    Returns:
        (..., quantiles).
    """
    location, width, freedom = (parameters[..., index, None] for index in range(3))
    found: Values = location + width * special.stdtrit(freedom, np.asarray(probabilities, np.float64))
    return found


def negative_binomial_quantiles(parameters: Parameters, probabilities: Any) -> Values:
    """Exact quantiles of the negative binomial distribution: whole numbers.

    Args:
        parameters: Mean and dispersion; the variance is mean + dispersion * mean squared.
        probabilities: As above.

    Returns:
        (..., quantiles).
    """
    mean, dispersion = parameters[..., :1], parameters[..., 1:]
    wanted, count = np.asarray(probabilities, np.float64), 1 / dispersion
    success = count / (count + mean)
    found = np.maximum(np.ceil(special.nbdtrik(wanted, count, success)), 0)
    below = np.maximum(found - 1, 0)  # a ceiling may be one too high by rounding
    values: Values = np.where(special.betainc(count, below + 1, success) >= wanted, below, found)
    return values

"""Many-to-many without recurrence: the temporal convolutional network, a baseline of every recurrent one."""

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import weight_norm


class CausalConvolution(nn.Module):
    """A dilated convolution that sees the present and the past only.

    Args:
        input_size: Number of input channels.
        output_size: Number of output channels.
        kernel_size: Number of time steps under the kernel.
        dilation: Distance of neighbouring kernel positions, in time steps.
    """

    def __init__(self, input_size: int, output_size: int, *, kernel_size: int, dilation: int) -> None:
        super().__init__()
        self.padding = (kernel_size - 1) * dilation
        convolution = nn.Conv1d(input_size, output_size, kernel_size, dilation=dilation)
        nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
        self.convolution = weight_norm(convolution)

    def forward(self, channels: Float[Tensor, "batch _in time"]) -> Float[Tensor, "batch _out time"]:
        """Map `(batch, input_size, time)` to `(batch, output_size, time)`."""
        output: Tensor = self.convolution(F.pad(channels, (self.padding, 0)))
        return output


class ResidualBlock(nn.Module):
    """Two causal convolutions with ReLU and dropout, added to their input."""

    def __init__(
        self, input_size: int, hidden_size: int, *, kernel_size: int, dilation: int, dropout: float
    ) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            CausalConvolution(input_size, hidden_size, kernel_size=kernel_size, dilation=dilation),
            nn.ReLU(),
            nn.Dropout(dropout),
            CausalConvolution(hidden_size, hidden_size, kernel_size=kernel_size, dilation=dilation),
            nn.ReLU(),
            nn.Dropout(dropout),
        )
        self.shortcut = nn.Conv1d(input_size, hidden_size, 1) if input_size != hidden_size else nn.Identity()

    def forward(self, channels: Float[Tensor, "batch _in time"]) -> Float[Tensor, "batch _out time"]:
        """Map `(batch, input_size, time)` to `(batch, hidden_size, time)`."""
        return F.relu(self.layers(channels) + self.shortcut(channels))


class TemporalConvolution(nn.Module):
    """A stack of residual blocks whose dilation doubles from one to the next.

    Args:
        input_size: Number of input features.
        hidden_size: Number of channels in each block, and of outputs.
        span: Number of time steps that the last output must see; sets the number of blocks.
        kernel_size: Number of time steps under each kernel, at least 2.
        dropout: Share of channels' values dropped in training.

    Source: Bai, Kolter and Koltun, "An empirical evaluation of generic convolutional and recurrent networks
    for sequence modeling" (2018).
    """

    def __init__(
        self, input_size: int, hidden_size: int, *, span: int, kernel_size: int = 3, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.input_size, self.output_size = input_size, hidden_size
        blocks: list[nn.Module] = []
        receptive_field, dilation = 1, 1
        while receptive_field < span or not blocks:
            blocks.append(
                ResidualBlock(
                    hidden_size if blocks else input_size,
                    hidden_size,
                    kernel_size=kernel_size,
                    dilation=dilation,
                    dropout=dropout,
                )
            )
            receptive_field += 2 * (kernel_size - 1) * dilation
            dilation *= 2
        self.receptive_field = receptive_field
        self.blocks = nn.Sequential(*blocks)

    def forward(self, input: Float[Tensor, "batch time _in"]) -> Float[Tensor, "batch time _out"]:
        """Map `(batch, time, input_size)` to `(batch, time, hidden_size)`, step t from steps up to t."""
        output: Tensor = self.blocks(input.transpose(1, 2))
        return output.transpose(1, 2)

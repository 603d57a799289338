"""The losses, and their derivatives, in one place. Each is a composition in a file of its own in ``ops``."""

from rcmlrs_core.functions import cross_entropy, mae_loss, mae_loss_derivative, mse_loss, mse_loss_derivative

__all__ = ["cross_entropy", "mae_loss", "mae_loss_derivative", "mse_loss", "mse_loss_derivative"]

"""The jobs of this application."""

from django.utils.formats import number_format

from .models import Order


def write_receipt(order_id):
    """Takes an id, not an order: when the job runs, the order may be another than when it was enqueued."""
    order = Order.objects.get(pk=order_id)
    order.receipt = "%s: %s" % (order.customer, number_format(order.total, decimal_pos=2))
    order.save(update_fields=["receipt"])
    return order.receipt

"""Prints the receipts: manage.py receipts"""

from django.core.management.base import BaseCommand

from orders.models import Order


class Command(BaseCommand):
    help = "Prints the receipts of all orders."

    def handle(self, **options):
        for order in Order.objects.order_by("pk"):
            self.stdout.write(order.receipt or "(none yet)")

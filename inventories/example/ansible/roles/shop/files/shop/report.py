"""Yesterday's sales as CSV, read from the replica, put into object storage: python3 -m shop.report"""

import csv
import datetime
import io
import os

import boto3
import psycopg2

QUERY = """
    SELECT product.name, sum(line.quantity), sum(line.quantity * line.price_cents)
    FROM purchase JOIN purchase_line line ON line.purchase_id = purchase.id JOIN product ON product.id = line.product_id
    WHERE purchase.made_at >= %(day)s AND purchase.made_at < %(day)s + interval '1 day'
    GROUP BY product.name ORDER BY product.name
"""


def rows(day):
    options = {"host": os.environ["REPORT_DATABASE_HOST"]} if os.environ.get("REPORT_DATABASE_HOST") else {}
    with psycopg2.connect(os.environ["DATABASE_URL"], **options) as connection, connection.cursor() as cursor:
        cursor.execute(QUERY, {"day": day})
        return cursor.fetchall()


def main():
    day = datetime.date.today() - datetime.timedelta(days=1)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["product", "sold", "cents"])
    writer.writerows(rows(day))
    if not os.environ.get("STORAGE_ENDPOINT"):
        print(text.getvalue(), end="")
        return
    storage = boto3.client("s3", endpoint_url=os.environ["STORAGE_ENDPOINT"])
    storage.put_object(Bucket=os.environ["STORAGE_BUCKET"], Key=f"reports/{day}.csv", Body=text.getvalue().encode())


if __name__ == "__main__":
    main()

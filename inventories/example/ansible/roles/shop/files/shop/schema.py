"""Create the tables that are missing: python3 -m shop.schema"""

import os

import psycopg2

TABLES = {
    "product": """
        CREATE TABLE product (
            id serial PRIMARY KEY,
            name text NOT NULL UNIQUE,
            price_cents integer NOT NULL CHECK (price_cents >= 0))""",
    "purchase": """
        CREATE TABLE purchase (
            id serial PRIMARY KEY,
            email text NOT NULL,
            made_at timestamptz NOT NULL DEFAULT now())""",
    "purchase_line": """
        CREATE TABLE purchase_line (
            purchase_id integer NOT NULL REFERENCES purchase,
            product_id integer NOT NULL REFERENCES product,
            quantity integer NOT NULL CHECK (quantity > 0),
            price_cents integer NOT NULL,
            PRIMARY KEY (purchase_id, product_id))""",
}


def main():
    with psycopg2.connect(os.environ["DATABASE_URL"]) as connection, connection.cursor() as cursor:
        for table, statement in TABLES.items():
            cursor.execute("SELECT to_regclass(%s)", (table,))
            if cursor.fetchone()[0] is None:
                cursor.execute(statement)
                print("created", table)


if __name__ == "__main__":
    main()

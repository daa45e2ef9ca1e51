-- Which evidence was paired with a booked document: `ledger why` asks for it from either side, and so does report.payments.
CREATE INDEX pairing_by_booked ON pairing (booked);

-- Views for reports and BI tools: docs/reporting.md. They are plain, so they are never stale and cost nothing while nobody
-- asks. Amounts are NUMERIC, exact, with the decimals of their currency; nothing here knows today's date (now() would
-- differ from the clock that the ledger runs on), so whoever asks says the day: report.aging_on. No chats, no raw records.
CREATE SCHEMA report;
COMMENT ON SCHEMA report IS '报表视图，只读 · views for reports and BI tools, read-only; see docs/reporting.md';

-- The codes without decimals are those of domain::Currency; a test compares.
CREATE FUNCTION report.money(units NUMERIC, currency TEXT) RETURNS NUMERIC LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT trim_scale(units) + CASE WHEN currency IN ('JPY', 'KRW', 'VND') THEN 0 ELSE 0.00 END $$;
COMMENT ON FUNCTION report.money IS
    '金额按币种显示小数位，从不舍入 · an amount with at least the decimals of its currency, never rounded';

CREATE FUNCTION report.micros(micros NUMERIC, currency TEXT) RETURNS NUMERIC LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT report.money(micros * 0.000001, currency) $$;
COMMENT ON FUNCTION report.micros IS '库内金额（百万分之一）转为金额 · a stored amount, in millionths, as money';

-- Fields are stored as JSON text (domain/fact/codec.rs); where one record alone speaks of a document, beside that record.
CREATE VIEW report.documents AS
SELECT d.id, d.book, d.kind, d.number, d.status, d.role = 0 AS booked,
    d.role = 0 AND d.status NOT IN ('draft', 'void') AS counts,
    d.party, d.currency, d.gross, d.effective_on::date AS effective_on, d.salesperson,
    COALESCE(d.body, c.body)::json AS facts
FROM document d
LEFT JOIN contribution c ON d.body IS NULL AND c.document = d.id AND c.body IS NOT NULL
WHERE d.role IN (0, 1) AND d.kind IN
    ('party', 'order', 'shipment', 'statement', 'invoice', 'payment', 'bill', 'return', 'adjustment');

CREATE VIEW report.customers AS
SELECT d.book, encode(d.id, 'hex') AS customer_id, d.number AS customer_code, f.name AS customer_name, f.short_name,
    f.tax_number, f.terms, f.credit_limit, d.salesperson, d.status
FROM report.documents d
CROSS JOIN LATERAL json_to_record(d.facts)
    AS f(name TEXT, short_name TEXT, tax_number TEXT, terms TEXT, credit_limit NUMERIC)
WHERE d.kind = 'party';

CREATE VIEW report.orders AS
SELECT d.book, encode(d.id, 'hex') AS order_id, d.number AS order_no, encode(d.party, 'hex') AS customer_id,
    f.customer ->> 0 AS customer_code, c.customer_name, d.effective_on AS ordered_on, d.status, d.currency,
    report.micros(d.gross, d.currency) AS amount, f.contract_no ->> 0 AS contract_no, f.quote_no ->> 0 AS quote_no,
    f.terms, d.salesperson
FROM report.documents d
CROSS JOIN LATERAL json_to_record(d.facts) AS f(customer JSON, contract_no JSON, quote_no JSON, terms TEXT)
LEFT JOIN report.customers c ON c.customer_id = encode(d.party, 'hex')
WHERE d.kind = 'order' AND d.booked;

CREATE VIEW report.shipments AS
SELECT d.book, encode(d.id, 'hex') AS shipment_id, d.number AS shipment_no, l."#" AS line_no,
    encode(d.party, 'hex') AS customer_id, f.customer ->> 0 AS customer_code, c.customer_name,
    l.order_no ->> 1 AS order_id, l.order_no ->> 0 AS order_no, d.effective_on AS shipped_on, f.signed_on, f.waybill,
    d.status, f.nature, l.part_no, l.brand, l.lot, l.date_code, trim_scale(l.quantity) AS quantity, l.unit_price,
    l.tax_rate, d.currency,
    report.money(l.net, d.currency) AS net, report.money(l.tax, d.currency) AS tax,
    report.money(l.gross, d.currency) AS amount, d.salesperson
FROM report.documents d
CROSS JOIN LATERAL json_to_record(d.facts)
    AS f(customer JSON, signed_on DATE, waybill TEXT, nature TEXT, lines JSON)
CROSS JOIN LATERAL json_to_recordset(f.lines)
    AS l("#" TEXT, order_no JSON, part_no TEXT, brand TEXT, lot TEXT, date_code TEXT, quantity NUMERIC,
        unit_price NUMERIC, tax_rate NUMERIC, net NUMERIC, tax NUMERIC, gross NUMERIC)
LEFT JOIN report.customers c ON c.customer_id = encode(d.party, 'hex')
WHERE d.kind = 'shipment' AND d.booked;

-- A return line seldom says brand or lot: then the shipment's line of that part does, if all its lines agree.
CREATE VIEW report.returns AS
WITH shipped AS (
    SELECT shipment_id, part_no, CASE WHEN count(DISTINCT brand) = 1 THEN min(brand) END AS brand,
        CASE WHEN count(DISTINCT lot) = 1 THEN min(lot) END AS lot
    FROM report.shipments GROUP BY shipment_id, part_no
)
SELECT d.book, encode(d.id, 'hex') AS return_id, d.number AS return_no, l."#" AS line_no,
    encode(d.party, 'hex') AS customer_id, f.customer ->> 0 AS customer_code, c.customer_name,
    l.order_no ->> 1 AS order_id, l.order_no ->> 0 AS order_no, l.shipment_no ->> 0 AS shipment_no,
    d.effective_on AS returned_on, d.status, COALESCE(f.disposition, 'refund') AS disposition, f.cause, l.part_no,
    s.brand, COALESCE(l.lot, s.lot) AS lot, trim_scale(l.quantity) AS quantity, d.currency,
    report.money(l.gross, d.currency) AS amount, d.salesperson
FROM report.documents d
CROSS JOIN LATERAL json_to_record(d.facts) AS f(customer JSON, disposition TEXT, cause TEXT, lines JSON)
CROSS JOIN LATERAL json_to_recordset(f.lines)
    AS l("#" TEXT, shipment_no JSON, order_no JSON, part_no TEXT, lot TEXT, quantity NUMERIC, gross NUMERIC)
LEFT JOIN report.customers c ON c.customer_id = encode(d.party, 'hex')
LEFT JOIN shipped s ON s.shipment_id = l.shipment_no ->> 1 AND s.part_no = l.part_no
WHERE d.kind = 'return' AND d.booked;

CREATE VIEW report.returns_by_part AS
SELECT book, part_no, brand, lot, cause, currency, count(DISTINCT return_id) AS returns, sum(quantity) AS quantity,
    sum(amount) AS amount, min(returned_on) AS first_on, max(returned_on) AS last_on
FROM report.returns WHERE status NOT IN ('draft', 'void')
GROUP BY book, part_no, brand, lot, cause, currency;

CREATE VIEW report.statements AS
SELECT d.book, encode(d.id, 'hex') AS statement_id, d.number AS statement_no, encode(d.party, 'hex') AS customer_id,
    f.customer ->> 0 AS customer_code, c.customer_name, f."from" AS from_day, f."to" AS to_day, d.status,
    f.confirmed_on, d.currency, l.lines, report.money(l.amount, d.currency) AS amount,
    report.money(l.disputed, d.currency) AS disputed
FROM report.documents d
CROSS JOIN LATERAL json_to_record(d.facts)
    AS f(customer JSON, "from" DATE, "to" DATE, confirmed_on DATE, lines JSON)
CROSS JOIN LATERAL (
    SELECT count(*) AS lines, COALESCE(sum(gross), 0) AS amount,
        COALESCE(sum(gross) FILTER (WHERE disputed), 0) AS disputed
    FROM json_to_recordset(f.lines) AS line(gross NUMERIC, disputed BOOLEAN)
) l
LEFT JOIN report.customers c ON c.customer_id = encode(d.party, 'hex')
WHERE d.kind = 'statement' AND d.booked;

-- Items that are settled stay in the table so that they can be shown; here only what is open.
CREATE VIEW report.open_items AS
SELECT s.book, encode(s.party, 'hex') AS customer_id, c.customer_code, c.customer_name, s.currency,
    i.number AS document_no, encode(i.document, 'hex') AS document_id, d.kind AS document_kind,
    i.kind = 'invoice' AS billed, i.issued_on::date AS issued_on, i.due_on::date AS due_on,
    i.due_missing AS waits_for, report.micros(i.gross, s.currency) AS amount,
    report.micros(i.open, s.currency) AS open, i.disputed <> 0 AS disputed,
    COALESCE(i.salesperson, c.salesperson) AS salesperson
FROM open_item i
JOIN subject s ON s.id = i.subject
LEFT JOIN document d ON d.id = i.document
LEFT JOIN report.customers c ON c.customer_id = encode(s.party, 'hex')
WHERE i.open <> 0;

CREATE VIEW report.aging AS
SELECT book, customer_id, customer_code, customer_name, currency, due_on,
    report.money(sum(CASE WHEN open > 0 AND NOT disputed AND waits_for IS NULL THEN open ELSE 0 END), currency) AS owed,
    report.money(sum(CASE WHEN open > 0 AND NOT disputed AND waits_for IS NOT NULL THEN open ELSE 0 END), currency)
        AS expected,
    report.money(sum(CASE WHEN open > 0 AND disputed THEN open ELSE 0 END), currency) AS disputed,
    report.money(sum(CASE WHEN open < 0 THEN open ELSE 0 END), currency) AS credits, sum(open) AS open
FROM report.open_items
GROUP BY book, customer_id, customer_code, customer_name, currency, due_on;

-- The buckets of ledger::Aging; a test compares.
CREATE FUNCTION report.aging_on(day DATE) RETURNS TABLE (
    book TEXT, customer_id TEXT, customer_code TEXT, customer_name TEXT, currency TEXT, not_due NUMERIC,
    days_1_to_30 NUMERIC, days_31_to_60 NUMERIC, days_61_to_90 NUMERIC, over_90_days NUMERIC, expected NUMERIC,
    disputed NUMERIC, credits NUMERIC, open NUMERIC
) LANGUAGE sql STABLE PARALLEL SAFE AS $$
    WITH item AS (
        SELECT i.*, CASE
            WHEN i.open < 0 THEN 'credits'
            WHEN i.disputed THEN 'disputed'
            WHEN i.waits_for IS NOT NULL OR NOT i.billed AND i.due_on >= aging_on.day THEN 'expected'
            WHEN i.due_on >= aging_on.day THEN 'not due'
            WHEN aging_on.day - i.due_on <= 30 THEN '30'
            WHEN aging_on.day - i.due_on <= 60 THEN '60'
            WHEN aging_on.day - i.due_on <= 90 THEN '90'
            ELSE 'older' END AS bucket
        FROM report.open_items i
    )
    SELECT i.book, i.customer_id, i.customer_code, i.customer_name, i.currency,
        report.money(sum(CASE WHEN i.bucket = 'not due' THEN i.open ELSE 0 END), i.currency),
        report.money(sum(CASE WHEN i.bucket = '30' THEN i.open ELSE 0 END), i.currency),
        report.money(sum(CASE WHEN i.bucket = '60' THEN i.open ELSE 0 END), i.currency),
        report.money(sum(CASE WHEN i.bucket = '90' THEN i.open ELSE 0 END), i.currency),
        report.money(sum(CASE WHEN i.bucket = 'older' THEN i.open ELSE 0 END), i.currency),
        report.money(sum(CASE WHEN i.bucket = 'expected' THEN i.open ELSE 0 END), i.currency),
        report.money(sum(CASE WHEN i.bucket = 'disputed' THEN i.open ELSE 0 END), i.currency),
        report.money(sum(CASE WHEN i.bucket = 'credits' THEN i.open ELSE 0 END), i.currency),
        sum(i.open)
    FROM item i
    GROUP BY i.book, i.customer_id, i.customer_code, i.customer_name, i.currency
$$;
COMMENT ON FUNCTION report.aging_on IS
    '某日的账龄：今天未清的项目按该日分段，争议单列 · what is open now, by its age on that day, disputed apart';

-- A bank line that is the same money as a booked receipt is not listed beside it.
CREATE VIEW report.payments AS
SELECT d.book, encode(d.id, 'hex') AS payment_id, d.number AS payment_no, encode(d.party, 'hex') AS customer_id,
    f.customer ->> 0 AS customer_code, c.customer_name, d.effective_on AS paid_on, d.status,
    COALESCE(f.direction, 'in') AS direction, COALESCE(f.class, 'customer') AS class,
    COALESCE(f.purpose, 'receivable') AS purpose, f.method, d.booked,
    d.booked AND EXISTS (SELECT 1 FROM pairing p WHERE p.booked = d.id) AS seen_by_bank,
    f.payer, f.bank_ref, f.text AS remittance_text, d.currency, report.micros(d.gross, d.currency) AS amount,
    report.micros(COALESCE(a.amount, 0), d.currency) AS applied,
    report.micros(COALESCE(o.amount, 0), d.currency) AS unapplied,
    report.micros(COALESCE(u.amount, 0), d.currency) AS unidentified, d.salesperson
FROM report.documents d
CROSS JOIN LATERAL json_to_record(d.facts)
    AS f(customer JSON, direction TEXT, class TEXT, purpose TEXT, method TEXT, payer TEXT, bank_ref TEXT, text TEXT)
LEFT JOIN report.customers c ON c.customer_id = encode(d.party, 'hex')
LEFT JOIN (SELECT source, sum(amount) AS amount FROM allocation GROUP BY source) a ON a.source = d.id
LEFT JOIN (SELECT payment, sum(amount) AS amount FROM leftover GROUP BY payment) o ON o.payment = d.id
LEFT JOIN unplaced u ON u.payment = d.id
WHERE d.kind = 'payment' AND (d.booked OR NOT EXISTS (SELECT 1 FROM pairing p WHERE p.evidence = d.id));

CREATE VIEW report.allocations AS
SELECT s.book, encode(s.party, 'hex') AS customer_id, c.customer_code, c.customer_name, s.currency,
    encode(a.source, 'hex') AS from_id, m.number AS from_no, m.kind AS from_kind,
    COALESCE(i.number, t.number) AS to_no, COALESCE(i.kind, t.kind) AS to_kind,
    encode(COALESCE(i.document, t.id), 'hex') AS to_document_id, a.effective_on::date AS applied_on,
    report.micros(a.amount, s.currency) AS amount, report.micros(a.tolerated, s.currency) AS tolerated,
    a.rung AS rule, a.explanation
FROM allocation a
JOIN subject s ON s.id = a.subject
LEFT JOIN document m ON m.id = a.source
LEFT JOIN open_item i ON i.subject = a.subject AND i.id = a.item
LEFT JOIN document t ON t.id = a.item
LEFT JOIN report.customers c ON c.customer_id = encode(s.party, 'hex');

CREATE VIEW report.bills AS
SELECT d.book, encode(d.id, 'hex') AS bill_id, d.number AS bill_no, encode(d.party, 'hex') AS customer_id,
    f.customer ->> 0 AS customer_code, c.customer_name, d.effective_on AS received_on, f.matures_on, d.status,
    f.status_on, d.currency, report.micros(d.gross, d.currency) AS amount,
    report.money(f.interest, d.currency) AS interest, d.salesperson
FROM report.documents d
CROSS JOIN LATERAL json_to_record(d.facts)
    AS f(customer JSON, matures_on DATE, status_on DATE, interest NUMERIC)
LEFT JOIN report.customers c ON c.customer_id = encode(d.party, 'hex')
WHERE d.kind = 'bill' AND d.booked;

-- The sums of ledger::order_state; a test compares. A line that names no order counts for the orders of the shipment
-- that it names, an invoice line at most as much as that shipment carried. An open item is taken whole: `shared`.
CREATE VIEW report.order_loop AS
WITH carried AS (
    SELECT shipment_id, order_id, signed_on, sum(quantity) AS quantity, sum(amount) AS amount
    FROM report.shipments WHERE status = 'shipped' AND order_id IS NOT NULL
    GROUP BY shipment_id, order_id, signed_on
), confirmed AS (
    SELECT DISTINCT l.shipment_no ->> 1 AS shipment_id
    FROM report.documents d
    CROSS JOIN LATERAL json_to_record(d.facts) AS f(lines JSON)
    CROSS JOIN LATERAL json_to_recordset(f.lines) AS l(shipment_no JSON, disputed BOOLEAN)
    WHERE d.kind = 'statement' AND d.counts AND d.status = 'confirmed' AND l.disputed IS NOT TRUE
), shipped AS (
    SELECT g.order_id, sum(g.quantity) AS quantity, sum(g.amount) AS amount,
        sum(CASE WHEN g.signed_on IS NULL THEN 0 ELSE g.amount END) AS signed,
        sum(CASE WHEN s.shipment_id IS NULL THEN 0 ELSE g.amount END) AS reconciled,
        count(*) FILTER (WHERE g.signed_on IS NULL) AS unsigned
    FROM carried g LEFT JOIN confirmed s ON s.shipment_id = g.shipment_id GROUP BY g.order_id
), line AS (
    SELECT d.kind, COALESCE(f.disposition, 'refund') = 'refund' AS refund, f.nature = 'red' AS red,
        COALESCE(l.order_no ->> 1, g.order_id) AS order_id, COALESCE(l.quantity, 0) AS quantity,
        CASE WHEN d.kind = 'invoice' AND g.order_id IS NOT NULL THEN least(l.gross, g.amount) ELSE l.gross END AS amount
    FROM report.documents d
    CROSS JOIN LATERAL json_to_record(d.facts) AS f(disposition TEXT, nature TEXT, lines JSON)
    CROSS JOIN LATERAL json_to_recordset(f.lines)
        AS l(order_no JSON, shipment_no JSON, quantity NUMERIC, gross NUMERIC)
    LEFT JOIN carried g ON l.order_no IS NULL AND g.shipment_id = l.shipment_no ->> 1
    WHERE d.kind IN ('return', 'invoice') AND d.counts
), later AS (
    SELECT order_id, sum(quantity) FILTER (WHERE kind = 'return') AS returned_quantity,
        sum(amount) FILTER (WHERE kind = 'return') AS returned,
        sum(amount) FILTER (WHERE kind = 'return' AND refund) AS refunds,
        sum(CASE WHEN red THEN -amount ELSE amount END) FILTER (WHERE kind = 'invoice') AS invoiced
    FROM line GROUP BY order_id
), item AS (
    SELECT encode(substring(i.orders FROM 16 * n + 1 FOR 16), 'hex') AS order_id, i.open, i.disputed,
        length(i.orders) > 16 AS shared,
        (SELECT sum(a.amount) FROM allocation a WHERE a.item = i.id AND a.rung <> 'credit_note') AS paid
    FROM open_item i CROSS JOIN LATERAL generate_series(0, length(i.orders) / 16 - 1) AS n
), money AS (
    SELECT order_id, sum(paid) AS paid, sum(open) FILTER (WHERE open > 0) AS open,
        sum(open) FILTER (WHERE open > 0 AND disputed <> 0) AS disputed, bool_or(shared) AS shared
    FROM item GROUP BY order_id
), deposit AS (
    SELECT encode(ordered, 'hex') AS order_id, -sum(amount) AS held
    FROM balance WHERE account = 'cash:deposit' AND ordered IS NOT NULL GROUP BY ordered
), ordered AS (
    SELECT encode(d.id, 'hex') AS order_id, sum(l.quantity) AS quantity
    FROM report.documents d
    CROSS JOIN LATERAL json_to_record(d.facts) AS f(lines JSON)
    CROSS JOIN LATERAL json_to_recordset(f.lines) AS l(quantity NUMERIC)
    WHERE d.kind = 'order' GROUP BY d.id
), sums AS (
    SELECT o.*, COALESCE(q.quantity, 0) AS ordered_quantity, COALESCE(s.quantity, 0) AS shipped_quantity,
        COALESCE(s.amount, 0) AS shipped, COALESCE(s.signed, 0) AS signed, COALESCE(s.reconciled, 0) AS reconciled,
        COALESCE(s.unsigned, 0) AS unsigned_shipments, COALESCE(l.returned_quantity, 0) AS returned_quantity,
        COALESCE(l.returned, 0) AS returned, COALESCE(l.refunds, 0) AS refunds, COALESCE(l.invoiced, 0) AS invoiced,
        COALESCE(d.held, 0) AS deposit_held, COALESCE(m.paid, 0) AS paid, COALESCE(m.open, 0) AS open,
        COALESCE(m.disputed, 0) AS disputed, COALESCE(m.shared, FALSE) AS shared
    FROM report.orders o
    LEFT JOIN ordered q ON q.order_id = o.order_id
    LEFT JOIN shipped s ON s.order_id = o.order_id
    LEFT JOIN later l ON l.order_id = o.order_id
    LEFT JOIN money m ON m.order_id = o.order_id
    LEFT JOIN deposit d ON d.order_id = o.order_id
)
SELECT book, order_id, order_no, customer_id, customer_code, customer_name, ordered_on, status, salesperson, currency,
    trim_scale(ordered_quantity) AS ordered_quantity, amount AS ordered,
    report.micros(deposit_held, currency) AS deposit_held,
    trim_scale(shipped_quantity) AS shipped_quantity,
    report.money(shipped, currency) AS shipped, report.money(signed, currency) AS signed,
    report.money(reconciled, currency) AS reconciled, report.money(invoiced, currency) AS invoiced,
    report.micros(paid, currency) AS paid, trim_scale(returned_quantity) AS returned_quantity,
    report.money(returned, currency) AS returned,
    report.micros(open, currency) AS open, report.micros(disputed, currency) AS disputed, shared,
    concat_ws(', ',
        CASE WHEN status NOT IN ('draft', 'void', 'closed') AND ordered_quantity > shipped_quantity THEN 'shipment' END,
        CASE WHEN unsigned_shipments > 0 THEN 'signature' END,
        CASE WHEN shipped - refunds > invoiced THEN 'invoice' END,
        CASE WHEN open > 0 THEN 'payment' END) AS missing
FROM sums;

-- Sums of the journal a customer, by the same definitions as `status`: open = shipped - returned - adjusted - paid.
CREATE VIEW report.customer_360 AS
WITH journal AS (
    SELECT t.book, t.currency, leg.party,
        sum(leg.amount) FILTER (WHERE leg.against IN ('sales', 'opening')) AS shipped,
        -sum(leg.amount) FILTER (WHERE leg.against = 'returns') AS returned,
        -sum(leg.amount) FILTER (WHERE leg.against LIKE 'adjustment:%') AS adjusted,
        sum(leg.amount) FILTER (WHERE leg.account = 'receivable:billed' AND leg.against = 'receivable:unbilled')
            AS invoiced,
        -sum(leg.amount) FILTER (WHERE leg.against NOT IN ('sales', 'opening', 'returns')
            AND leg.against NOT LIKE 'adjustment:%' AND leg.against NOT LIKE 'receivable:%') AS paid
    FROM transfer t
    CROSS JOIN LATERAL (VALUES (t.debit_party, t.debit, t.credit, t.amount), (t.credit_party, t.credit, t.debit, -t.amount))
        AS leg(party, account, against, amount)
    WHERE leg.account LIKE 'receivable:%' GROUP BY t.book, t.currency, leg.party
), held AS (
    SELECT book, currency, party, sum(amount) FILTER (WHERE account = 'receivable:unbilled') AS unbilled,
        sum(amount) FILTER (WHERE account = 'receivable:billed') AS billed,
        -sum(amount) FILTER (WHERE account = 'cash:unapplied') AS unapplied,
        -sum(amount) FILTER (WHERE account = 'cash:deposit') AS deposits,
        sum(amount) FILTER (WHERE account = 'bills:held') AS bills_held
    FROM balance WHERE party IS NOT NULL GROUP BY book, currency, party
), document AS (
    SELECT book, currency, party, count(*) FILTER (WHERE kind = 'order') AS orders,
        sum(gross) FILTER (WHERE kind = 'order') AS ordered,
        max(effective_on) FILTER (WHERE kind = 'order') AS last_ordered_on,
        max(effective_on) FILTER (WHERE kind = 'shipment') AS last_shipped_on,
        max(effective_on) FILTER (WHERE kind IN ('payment', 'bill')) AS last_paid_on
    FROM report.documents WHERE counts AND kind IN ('order', 'shipment', 'payment', 'bill')
    GROUP BY book, currency, party
), item AS (
    SELECT subject, sum(open) FILTER (WHERE open > 0 AND disputed <> 0) AS disputed,
        min(due_on::date) FILTER (WHERE open > 0 AND disputed = 0 AND due_missing IS NULL) AS oldest_due_on
    FROM open_item WHERE open <> 0 GROUP BY subject
), told AS (
    SELECT subject, count(*) AS reminders FROM reminder WHERE state IN ('open', 'held') GROUP BY subject
)
SELECT s.book, encode(s.party, 'hex') AS customer_id, c.customer_code, c.customer_name, c.short_name, c.salesperson, c.terms, c.credit_limit,
    c.status, s.currency, COALESCE(d.orders, 0) AS orders,
    report.micros(COALESCE(d.ordered, 0), s.currency) AS ordered, d.last_ordered_on,
    report.micros(COALESCE(j.shipped, 0), s.currency) AS shipped, d.last_shipped_on,
    report.micros(COALESCE(j.returned, 0), s.currency) AS returned,
    report.micros(COALESCE(j.adjusted, 0), s.currency) AS adjusted,
    report.micros(COALESCE(j.invoiced, 0), s.currency) AS invoiced,
    report.micros(COALESCE(j.paid, 0), s.currency) AS paid, d.last_paid_on,
    report.micros(COALESCE(h.unbilled, 0), s.currency) AS unbilled,
    report.micros(COALESCE(h.billed, 0), s.currency) AS billed,
    report.micros(COALESCE(h.unbilled, 0) + COALESCE(h.billed, 0), s.currency) AS open,
    report.micros(COALESCE(i.disputed, 0), s.currency) AS disputed, i.oldest_due_on,
    report.micros(COALESCE(h.unapplied, 0), s.currency) AS unapplied,
    report.micros(COALESCE(h.deposits, 0), s.currency) AS deposits,
    report.micros(COALESCE(h.bills_held, 0), s.currency) AS bills_held, COALESCE(t.reminders, 0) AS reminders
FROM subject s
-- A customer that no source has described yet has balances all the same; only what belongs to nobody is left out.
LEFT JOIN report.customers c ON c.customer_id = encode(s.party, 'hex')
LEFT JOIN journal j ON j.book = s.book AND j.currency = s.currency AND j.party = s.party
LEFT JOIN held h ON h.book = s.book AND h.currency = s.currency AND h.party = s.party
LEFT JOIN document d ON d.book = s.book AND d.currency = s.currency AND d.party = s.party
LEFT JOIN item i ON i.subject = s.id
LEFT JOIN told t ON t.subject = s.id
WHERE s.party <> '\x00000000000000000000000000000000';

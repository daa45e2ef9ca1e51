-- What was said about one document, for the loop of an order.
CREATE INDEX reminder_by_document ON reminder (document);

//! The QuickStocks domain: model, ports and use cases. Pure: no AWS, HTTP, socket, clock or file.

"""What outside systems see: payment providers the money, carriers and warehouses the goods."""

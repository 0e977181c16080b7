"""The strict Step Functions: moto's interpreter behind Step Functions Local's own mock files, API and port."""

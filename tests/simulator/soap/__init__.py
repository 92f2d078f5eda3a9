"""The SOAP services of a simulated NVR, written from the ONVIF specifications."""

/** The series that Prometheus makes of alerts: 1 while one is pending or fires, and since when it is active in seconds. */
export const ALERTS = 'ALERTS';
export const ALERTS_FOR_STATE = 'ALERTS_FOR_STATE';

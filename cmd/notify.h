/* systemd's readiness protocol (sd_notify(3)), without its library. */
#ifndef CMD_NOTIFY_H
#define CMD_NOTIFY_H

/* Sends e.g. "READY=1" to $NOTIFY_SOCKET; does nothing where there is none. */
void notify(const char *state);
/* "RELOADING=1" with the clock reading it asks for. */
void notify_reloading(void);

#endif

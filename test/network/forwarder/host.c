#include "host.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <net/route.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "packet.h"

/* libwebrtc takes "tun…" for a VPN and treats it differently; this is the device's only network. */
#define INTERFACE "eth0"
#define TX_QUEUE 10000 /* packets: what the kernel drops before us, only its interface counts */

static bool fails(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	return false;
}

static bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	bool done = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return done;
}

bool host_prepare(void)
{
	if (unshare(CLONE_NEWNET) == 0)
		return true;
	char uids[32];
	char gids[32];
	snprintf(uids, sizeof(uids), "0 %u 1", (unsigned)geteuid());
	snprintf(gids, sizeof(gids), "0 %u 1", (unsigned)getegid());
	if (unshare(CLONE_NEWUSER) != 0)
		return fails(
			"no network namespaces without privileges here: the kernel refuses user "
			"namespaces (see sysctl user.max_user_namespaces, "
			"kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns)");
	write_file("/proc/self/setgroups", "deny");
	if (!write_file("/proc/self/uid_map", uids) || !write_file("/proc/self/gid_map", gids))
		return fails("mapping our user into a user namespace");
	/* Our starter enters through /proc/PID. */
	prctl(PR_SET_DUMPABLE, 1);
	return true;
}

static void set_in_address(struct sockaddr *at, uint32_t address)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(address)};
	memcpy(at, &in, sizeof(in));
}

static bool bring_up(int fd, const char *name)
{
	struct ifreq request = {.ifr_flags = IFF_UP | IFF_RUNNING};
	strcpy(request.ifr_name, name);
	return ioctl(fd, SIOCSIFFLAGS, &request) == 0 || fails("bringing an interface up");
}

bool host_set_address(lab_host *host, uint32_t address)
{
	struct ifreq request = {0};
	strcpy(request.ifr_name, INTERFACE);
	set_in_address(&request.ifr_addr, address);
	if (ioctl(host->socket, SIOCSIFADDR, &request) != 0)
		return fails("setting an address");
	set_in_address(&request.ifr_netmask, UINT32_MAX);
	if (ioctl(host->socket, SIOCSIFNETMASK, &request) != 0)
		return fails("setting a netmask");
	char name[] = INTERFACE;
	struct rtentry route = {.rt_flags = RTF_UP, .rt_dev = name};
	set_in_address(&route.rt_dst, 0);
	set_in_address(&route.rt_genmask, 0);
	if (ioctl(host->socket, SIOCADDRT, &route) != 0 && errno != EEXIST)
		return fails("setting the default route");
	host->address = address;
	return true;
}

static bool open_tun(lab_host *host)
{
	host->tun = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (host->tun < 0)
		return fails("/dev/net/tun");
	struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
	strcpy(request.ifr_name, INTERFACE);
	if (ioctl(host->tun, TUNSETIFF, &request) != 0)
		return fails("making a TUN interface");
	request.ifr_mtu = PACKET_MAX;
	if (ioctl(host->socket, SIOCSIFMTU, &request) != 0)
		return fails("setting the MTU");
	request.ifr_qlen = TX_QUEUE;
	/* Only real root may; 500 packets without. */
	(void)ioctl(host->socket, SIOCSIFTXQLEN, &request);
	return true;
}

bool host_open(lab_host *host, uint32_t address, uint32_t router)
{
	host->router = router;
	if (unshare(CLONE_NEWNET) != 0)
		return fails("making a network namespace");
	/* The path is IPv4. Without this the kernel talks IPv6 to nobody; the forwarder drops that too.
	 */
	write_file("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
	host->namespace_fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	host->socket = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (host->namespace_fd < 0 || host->socket < 0)
		return fails("opening a network namespace");
	return bring_up(host->socket, "lo") && open_tun(host) && bring_up(host->socket, INTERFACE) &&
		   host_set_address(host, address);
}

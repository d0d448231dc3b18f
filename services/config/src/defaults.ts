/** What runs when there is no file, and what `millrace` prints as a start for one of your own. */
export const STARTER_TEXT = `# Millrace configuration. Check it with: millrace check millrace.conf

# The port of players, publishers and the web interface.
http 8080;

# A test picture: a clock with a beep each second. Play it at http://localhost:8080/demo/embed.html
stream demo {
  input fake://clock;
}

# A channel from multicast, with a second source that takes over after 10 seconds of silence:
#
# stream news {
#   title "News";
#   input udp://239.0.0.1:1234;
#   input tshttp://10.0.4.5:9000/news;
#   source_timeout 10;
#   push udp://239.1.0.1:5000?ttl=8;
# }
`;

/** The words of random container names: how something is, and what one sees from a quay. */
export const ADJECTIVES = words(`
  able agile airy amber apt ardent arctic astute azure balanced bold brave breezy bright brisk
  broad buoyant busy calm candid careful cheerful clear clever coastal cobalt cosy crisp curious
  daring dapper deep deft distant drifting eager early earnest easy eastern even exact fair famous
  fast fearless festive fine firm fleet fluent fond foggy free fresh gentle giant glad golden grand
  great green handy happy hardy hearty helpful honest humble indigo ivory jolly jovial keen kind
  large lasting level light lively lofty loyal lucid lucky lunar maiden mellow merry mighty mild
  misty modest neat nimble noble northern open patient placid plain polar polite proud prudent quick
  quiet rapid rare ready restful rising robust rosy rugged sable salty scarlet secure sensible
  serene sharp shining silent silver simple sincere sleek smooth snug sober solar solid southern
  spry stable starry steady sterling still stout sturdy sunny sure swift tidal tidy timely tranquil
  true trusty upbeat upright useful valiant vast velvet vivid warm watchful western whole wide
  willing windy wise witty worthy young zesty
`);

export const NOUNS = words(`
  admiral albatross anchor anchorage archipelago astrolabe atoll ballast barge barnacle barque basin
  bay beacon bell berth bight binnacle boatswain bollard boom bosun bow breaker breakwater breeze
  bridge brig buoy cable canal canoe canvas cape capstan captain caravel cargo catamaran causeway
  channel chart chandler cleat clipper coast cockle compass convoy coral cormorant corvette coxswain
  crane creek current cutter dawn deck delta dinghy dock dolphin dory dory drydock dune eddy estuary
  ferry fjord flagship fleet fog foghorn forecastle frigate galleon galley gangway garboard gull
  gunwale halyard harbour hatch haven hawser headland heron horizon hull inlet island isthmus jetty
  jib junk kayak keel kelp ketch lagoon landing lantern launch leeward lighthouse lightship limpet
  longboat lookout lugger mainsail manatee mariner marina mast mate meridian mizzen mole monsoon
  mooring narwhal nautilus navigator oar ocean orca osprey outrigger packet pelican peninsula petrel
  pier pilot pinnace plover porpoise port porthole prow puffin quarterdeck quay raft reef regatta
  rigging roadstead rope rudder sail sandbar schooner scow seafarer seal sextant shallop shanty shoal
  shore shuttle skerry skiff skipper slipway sloop sound spar spinnaker sponson spray squall
  starboard starfish steamer stern stevedore strait stream surf surge tacking tender tern tide tiller
  topsail transom trawler trident tug turtle undertow vessel voyage walrus watch waterline wave
  waypoint whaler wharf wheelhouse whirlpool winch windlass windward yacht yardarm yawl zephyr
`);

function words(text: string): readonly string[] {
  return [...new Set(text.split(/\s+/).filter((word) => word !== ""))];
}

// Sample pictures are drawn here, so that none has to be shipped: a board with writing on it.

const WIDTH = 1024;
const HEIGHT = 640;
const FONT = "'Liberation Sans', 'DejaVu Sans', Arial, sans-serif";

/** Draws a sign of some lines; gives a JPEG file. */
export async function sign({ label, lines, ground, ink }) {
  const canvas = document.createElement("canvas");
  canvas.width = WIDTH;
  canvas.height = HEIGHT;
  const draw = canvas.getContext("2d");
  const wall = draw.createLinearGradient(0, 0, 0, HEIGHT);
  wall.addColorStop(0, "#cfd6dc");
  wall.addColorStop(1, "#aab4bd");
  draw.fillStyle = wall;
  draw.fillRect(0, 0, WIDTH, HEIGHT);
  draw.shadowColor = "rgba(0, 0, 0, 0.35)";
  draw.shadowBlur = 28;
  draw.shadowOffsetY = 10;
  draw.fillStyle = ground;
  draw.beginPath();
  draw.roundRect(60, 110, WIDTH - 120, HEIGHT - 220, 18);
  draw.fill();
  draw.shadowColor = "transparent";
  write(draw, lines, ink);
  const bytes = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.9));
  return new File([bytes], `${label}.jpg`, { type: "image/jpeg" });
}

function write(draw, lines, ink) {
  draw.fillStyle = ink;
  draw.textAlign = "center";
  draw.textBaseline = "middle";
  const sizes = lines.map((line) => fitting(draw, line));
  const height = sizes.reduce((sum, size) => sum + size * 1.4, 0);
  let top = (HEIGHT - height) / 2;
  lines.forEach((line, index) => {
    draw.font = `bold ${sizes[index]}px ${FONT}`;
    draw.fillText(line, WIDTH / 2, top + sizes[index] * 0.7);
    top += sizes[index] * 1.4;
  });
}

/** The largest size up to 104 px at which a line fits the board. */
function fitting(draw, line) {
  let size = 104;
  do {
    size -= 4;
    draw.font = `bold ${size}px ${FONT}`;
  } while (draw.measureText(line).width > WIDTH - 220 && size > 20);
  return size;
}

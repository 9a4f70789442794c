// Plane motions as 3 x 3 matrices, row by row.

export function multiply(a, b) {
  return a.map((row) => [0, 1, 2].map((col) => row[0] * b[0][col] + row[1] * b[1][col] + row[2] * b[2][col]));
}

export function invert([[a, b, c], [d, e, f], [g, h, i]]) {
  const cofactors = [
    [e * i - f * h, c * h - b * i, b * f - c * e],
    [f * g - d * i, a * i - c * g, c * d - a * f],
    [d * h - e * g, b * g - a * h, a * e - b * d],
  ];
  const determinant = a * cofactors[0][0] + b * cofactors[1][0] + c * cofactors[2][0];
  return cofactors.map((row) => row.map((value) => value / determinant));
}

export function apply(matrix, [x, y]) {
  const [u, v, w] = matrix.map((row) => row[0] * x + row[1] * y + row[2]);
  return [u / w, v / w];
}

export const scaling = (x, y) => [[x, 0, 0], [0, y, 0], [0, 0, 1]];

export const moving = (scale, x, y) => [[scale, 0, x], [0, scale, y], [0, 0, 1]];

// How much longer a short line becomes where it lies, on the average of all directions.
export function growth(matrix, place) {
  const step = 1e-4;
  const [x, y] = apply(matrix, place);
  const [right, below] = [apply(matrix, [place[0] + step, place[1]]), apply(matrix, [place[0], place[1] + step])];
  const area = (right[0] - x) * (below[1] - y) - (right[1] - y) * (below[0] - x);
  return Math.sqrt(Math.abs(area)) / step;
}

// CSS takes the columns of a 4 x 4 matrix, one after the other; the third dimension stays as it is.
export function asCss([[a, b, c], [d, e, f], [g, h, i]]) {
  return `matrix3d(${[a, d, 0, g, b, e, 0, h, 0, 0, 1, 0, c, f, 0, i].map((value) => value / i).join(", ")})`;
}

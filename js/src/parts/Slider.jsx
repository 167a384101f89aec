// A range input that is laid out alone when it moves. Two boxes, because an item of a grid or of a flex
// row cannot be laid out without its row.
export function Slider(props) {
  return (
    <span class="al-slider">
      <span class="al-slider-box">
        <input type="range" {...props} />
      </span>
    </span>
  );
}

import type { Measure } from './widths.ts';

/** Measures with the fonts that the style sheet gives to the grid. */
export function measure(): Measure {
  const style = getComputedStyle(document.documentElement);
  const context = document.createElement('canvas').getContext('2d');
  const widthOf = (font: string, family: string) => {
    return (text: string): number => {
      if (!context) return text.length * 8;
      context.font = `${font} ${style.getPropertyValue(family)}`;
      return context.measureText(text).width;
    };
  };
  return {
    name: widthOf('600 13px', '--sans'),
    type: widthOf('11px', '--sans'),
    letter: widthOf('12px', '--mono')('0'),
  };
}

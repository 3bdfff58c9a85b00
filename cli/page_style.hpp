#pragma once
// The page's style sheet: light and dark, screen and paper, from 320 px up.

#include <string_view>

namespace ithaca {

inline constexpr std::string_view kPageStyle = R"(
:root{--ink:#1b1f24;--soft:#5a6372;--paper:#fff;--box:#f3f4f7;--edge:#c4c8d0;--on:#fff;--mark:#b3261e;--good:#2a7d46;
--s0:#2f6fb3;--s1:#b5651d;--s2:#2a7d46;--s3:#8151a8;--s4:#b0365a;--s5:#1d766c;--s6:#7d622a;--s7:#5f6875;--s8:#a8447f;--s9:#66751d}
@media (prefers-color-scheme:dark){:root{--ink:#e8eaee;--soft:#a3abb8;--paper:#15181d;--box:#1e232b;--edge:#3a4250;
--on:#10131a;--mark:#ff8a80;--good:#5fc383;
--s0:#6fa8e6;--s1:#f0a85c;--s2:#5fc383;--s3:#bb92dd;--s4:#ec7d9b;--s5:#5fcabc;--s6:#d0b06a;--s7:#a3abb8;--s8:#e593c6;--s9:#c3d36f}}
@media print{:root{--ink:#000;--soft:#333;--paper:#fff;--box:#f3f4f7;--edge:#999;--on:#fff}
figure,table{break-inside:avoid}.skip,.prompt{display:none}}
*{box-sizing:border-box}
html{background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif;color-scheme:light dark;-webkit-text-size-adjust:100%;print-color-adjust:exact;-webkit-print-color-adjust:exact}
body{max-width:1160px;margin:0 auto;padding:16px}
h1{font-size:1.5rem;line-height:1.25;margin:.5rem 0}h2{font-size:1.15rem;margin:2rem 0 .5rem}
p,li{max-width:75ch}.lead{font-size:1.15rem;font-weight:600}.soft{color:var(--soft)}
a{color:var(--s0)}:focus-visible{outline:3px solid var(--s1);outline-offset:2px}
.skip{position:absolute;left:-9999px}.skip:focus{position:static}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,440px),1fr));gap:24px 40px}
figure{margin:0;min-width:0;max-width:560px}figcaption{font-weight:600;margin-bottom:.25rem}figcaption span{display:block;font-weight:400;color:var(--soft);font-size:.9rem}
.scroll{overflow-x:auto}
table{border-collapse:collapse;font-size:.875rem}th,td{padding:.25rem .6rem;border-bottom:1px solid var(--edge);text-align:right;vertical-align:top;font-variant-numeric:tabular-nums}
th:first-child,td:first-child,.words{text-align:left}.words{min-width:14em}tr.best th:first-child{color:var(--good)}
summary{cursor:pointer;padding:.35rem 0;color:var(--s0)}code{overflow-wrap:anywhere;background:var(--box);padding:.1em .3em;border-radius:3px}
.legend{list-style:none;margin:.25rem 0;padding:0;display:flex;flex-wrap:wrap;gap:.1rem 1rem;font-size:.85rem}
.swatch{width:.8em;height:.8em;margin-right:.4em;overflow:visible}
.chart{display:block;width:100%;height:auto}
.chart text{font:10.5px system-ui,sans-serif;fill:var(--ink)}.chart .soft{fill:var(--soft)}.mid{text-anchor:middle}.end{text-anchor:end}
.chart .label{font-weight:600}.chart .on{fill:var(--on);font-weight:600}.chart .limit-label{fill:var(--mark);font-weight:600}
.grid{stroke:var(--edge);stroke-width:.6;fill:none}.limit{stroke:var(--mark);stroke-width:1.6;stroke-dasharray:5 3;fill:none}
.box{fill:var(--box);stroke:var(--edge)}.chart rect{stroke:var(--paper);stroke-width:.5}
.line{fill:none;stroke-width:1.8}.d1{stroke-dasharray:7 3}.d2{stroke-dasharray:2 3}.d3{stroke-dasharray:8 3 2 3}
.s0{fill:var(--s0)}.s1{fill:var(--s1)}.s2{fill:var(--s2)}.s3{fill:var(--s3)}.s4{fill:var(--s4)}.s5{fill:var(--s5)}.s6{fill:var(--s6)}.s7{fill:var(--s7)}.s8{fill:var(--s8)}.s9{fill:var(--s9)}
.l0{stroke:var(--s0)}.l1{stroke:var(--s1)}.l2{stroke:var(--s2)}.l3{stroke:var(--s3)}.l4{stroke:var(--s4)}.l5{stroke:var(--s5)}.l6{stroke:var(--s6)}.l7{stroke:var(--s7)}.l8{stroke:var(--s8)}
.hatched,.refused{fill:url(#hatch)}.hatch-line{stroke:var(--soft);stroke-width:1.6}.hatch-ground{fill:var(--box)}
.cell{outline:none;cursor:help}.cell .tip{display:none}.cell:hover .tip,.cell:focus .tip{display:block}
.cell.asked>rect{stroke:var(--ink);stroke-width:2}.cell:focus>rect{stroke:var(--mark);stroke-width:2.5}.chart .box{stroke:var(--edge)}
figure.wide{grid-column:1/-1;max-width:none}.fabric{max-width:none;min-width:720px;width:100%;height:auto}.swatch.fabric{min-width:0;width:.8em;height:.8em}
.fabric text{font:12px system-ui,sans-serif;fill:var(--ink)}.fabric .soft{fill:var(--soft)}.fabric path{fill:none}
.b0{stroke:var(--edge)}.b1{stroke:var(--s0)}.b2{stroke:var(--s2)}.b3{stroke:var(--s1)}.b4{stroke:var(--mark)}
.gpu{fill:var(--s2)}.nvswitch{fill:var(--s5)}.nic,.leaf,.spine,.core,.router{fill:var(--s0)}.pcie_switch,.cpu{fill:var(--s6)}
#live{background:var(--box);border:1px solid var(--edge);border-radius:6px;padding:.5rem 1rem;margin:1rem 0}#live h2{margin:.25rem 0}#live p{margin:.4rem 0}
.knobs{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,210px),1fr));gap:.4rem 1.5rem}
.knobs label{display:grid;grid-template-columns:1fr auto;align-items:center;font-size:.9rem}.knobs output{font-variant-numeric:tabular-nums;font-weight:600}
.knobs input{grid-column:1/-1;width:100%;min-height:24px;margin:0;accent-color:var(--s0)}.knobs select{font:inherit;color:inherit;background:var(--paper);border:1px solid var(--edge);max-width:11em;min-height:24px}
button{font:inherit;font-size:.9rem;color:inherit;background:var(--paper);border:1px solid var(--edge);border-radius:4px;padding:.25rem .6rem;cursor:pointer}
#live .answer{position:sticky;top:0;background:var(--box);font-weight:600;padding:.3rem 0;z-index:1}
@media print{#live{display:none}}
@media (min-width:1000px){body.with-panel{max-width:1460px}.with-panel main{display:grid;grid-template-columns:minmax(0,1fr) 270px;column-gap:32px}.with-panel main>*{grid-column:1}
.with-panel main>#live{grid-column:2;grid-row:1/6;position:sticky;top:8px;align-self:start;max-height:calc(100vh - 16px);overflow-y:auto;font-size:.85rem;line-height:1.3}
.with-panel .knobs{grid-template-columns:1fr;gap:.15rem}.with-panel .knobs label{font-size:inherit}.with-panel .knobs input{min-height:16px;height:16px}}
@media (prefers-reduced-motion:no-preference){.cell>rect{transition:stroke-width .1s}}
)";

}  // namespace ithaca

<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="de" sourcelanguage="en">
  <context>
    <name>MedFusion</name>
    <message>
      <source>Inputs</source>
      <translation>Eingaben</translation>
    </message>
    <message>
      <source>&amp;MR volume:</source>
      <translation>&amp;MR-Volumen:</translation>
    </message>
    <message>
      <source>The MR. Its grid is the grid of the result.</source>
      <translation>Das MR. Sein Gitter ist das Gitter des Ergebnisses.</translation>
    </message>
    <message>
      <source>Choose the MR</source>
      <translation>Das MR wählen</translation>
    </message>
    <message>
      <source>&amp;Second volume:</source>
      <translation>&amp;Zweites:</translation>
    </message>
    <message>
      <source>The CT, PET or SPECT, registered to the MR. It may lie on another grid.</source>
      <translation>Das CT, PET oder SPECT, zum MR registriert. Es darf auf einem anderen Gitter liegen.</translation>
    </message>
    <message>
      <source>Choose the CT, PET or SPECT</source>
      <translation>CT, PET oder SPECT wählen</translation>
    </message>
    <message>
      <source>&amp;It is:</source>
      <translation>Es &amp;ist:</translation>
    </message>
    <message>
      <source>What the second volume is. Correct it here if the guess is wrong.</source>
      <translation>Was das zweite Volumen ist. Berichtigen Sie es hier, wenn falsch geraten wurde.</translation>
    </message>
    <message>
      <source>A&amp;lignment:</source>
      <translation>&amp;Lage:</translation>
    </message>
    <message>
      <source>Check</source>
      <translation>Prüfen</translation>
    </message>
    <message>
      <source>Check measures how far the second volume is off the MR. Align puts a transform above it that moves it into place; the volume itself is left alone. Undo takes that transform away.</source>
      <translation>Prüfen misst, wie weit das zweite Volumen neben dem MR liegt. Ausrichten setzt eine Transformation darüber, die es an seinen Platz rückt; das Volumen selbst bleibt, wie es ist. Zurück nimmt diese Transformation weg.</translation>
    </message>
    <message>
      <source>&amp;Apply</source>
      <translation>&amp;Anwenden</translation>
    </message>
    <message>
      <source>&amp;Undo</source>
      <translation>Z&amp;urück</translation>
    </message>
    <message>
      <source>Take the last fusion back: its volumes go, what was written over and shown comes back.</source>
      <translation>Die letzte Fusion zurücknehmen: ihre Volumen gehen, was überschrieben und gezeigt wurde, kommt zurück.</translation>
    </message>
    <message>
      <source>&amp;Cancel</source>
      <translation>Abbre&amp;chen</translation>
    </message>
    <message>
      <source>Stop; the scene stays as it was.</source>
      <translation>Anhalten; die Szene bleibt, wie sie war.</translation>
    </message>
    <message>
      <source>Install PyTorch...</source>
      <translation>PyTorch installieren...</translation>
    </message>
    <message>
      <source>Install PyTorch through the PyTorch extension.</source>
      <translation>PyTorch mit der Erweiterung PyTorch installieren.</translation>
    </message>
    <message>
      <source>View</source>
      <translation>Ansicht</translation>
    </message>
    <message>
      <source>C&amp;olour</source>
      <translation>Fa&amp;rbe</translation>
    </message>
    <message>
      <source>The colour result over the MR, in the slice views.</source>
      <translation>Das farbige Ergebnis über dem MR, in den Schichtansichten.</translation>
    </message>
    <message>
      <source>&amp;Grey</source>
      <translation>&amp;Grau</translation>
    </message>
    <message>
      <source>The fused image over the MR, in the slice views.</source>
      <translation>Das fusionierte Bild über dem MR, in den Schichtansichten.</translation>
    </message>
    <message>
      <source>MR + second</source>
      <translation>MR + zweites</translation>
    </message>
    <message>
      <source>The second volume over the MR, as Slicer blends by itself, in Slicer's colours for PET or CT. Nothing is fused here.</source>
      <translation>Das zweite Volumen über dem MR, wie Slicer selbst überblendet, in Slicers Farben für PET oder CT. Hier ist nichts fusioniert.</translation>
    </message>
    <message>
      <source>MR</source>
      <translation>MR</translation>
    </message>
    <message>
      <source>From the MR alone (0 %) to what stands in front of it alone (100 %).</source>
      <translation>Vom MR allein (0 %) bis zu dem, was davor steht, allein (100 %).</translation>
    </message>
    <message>
      <source>colour</source>
      <translation>Farbe</translation>
    </message>
    <message>
      <source>&amp;Why?</source>
      <translation>&amp;Warum?</translation>
    </message>
    <message>
      <source>Colou&amp;rs:</source>
      <translation>Far&amp;ben:</translation>
    </message>
    <message>
      <source>What brightness and hue of the colour result mean; the legend shows it. Recolours at once, nothing is fused again. As published: gradients are smallest where the fused image is brightest, so a lesion that only one source shows can carry the colour of the other.</source>
      <translation>Was Helligkeit und Farbton des farbigen Ergebnisses bedeuten; die Legende zeigt es. Färbt sofort um, nichts wird neu fusioniert. Wie veröffentlicht: Gradienten sind am kleinsten, wo das fusionierte Bild am hellsten ist; eine Läsion, die nur eine Quelle zeigt, kann so die Farbe der anderen tragen.</translation>
    </message>
    <message>
      <source>Saturatio&amp;n:</source>
      <translation>Sättigu&amp;ng:</translation>
    </message>
    <message>
      <source>How strong the colours are: 0 is grey (omega in the publication). Recolours at once.</source>
      <translation>Wie kräftig die Farben sind: 0 ist grau (omega in der Veröffentlichung). Färbt sofort um.</translation>
    </message>
    <message>
      <source>Colour ma&amp;p:</source>
      <translation>Farb&amp;palette:</translation>
    </message>
    <message>
      <source>Of the colours that use one. Recolours at once.</source>
      <translation>Der Farben, die eine verwenden. Färbt sofort um.</translation>
    </message>
    <message>
      <source>Crosshair in all views</source>
      <translation>Fadenkreuz in allen Ansichten</translation>
    </message>
    <message>
      <source>Show the crosshair; hold Shift and move the mouse to see the same place in all views.</source>
      <translation>Das Fadenkreuz zeigen; mit gedrückter Umschalttaste zeigt die Maus dieselbe Stelle in allen Ansichten.</translation>
    </message>
    <message>
      <source>Colour in 3D</source>
      <translation>Farbe in 3D</translation>
    </message>
    <message>
      <source>Volume rendering of the colour result.</source>
      <translation>Volumendarstellung des farbigen Ergebnisses.</translation>
    </message>
    <message>
      <source>PET in 3D (MIP)</source>
      <translation>PET in 3D (MIP)</translation>
    </message>
    <message>
      <source>Maximum intensity projection of the PET or SPECT.</source>
      <translation>Maximumintensitätsprojektion des PET oder SPECT.</translation>
    </message>
    <message>
      <source>Quality table</source>
      <translation>Qualitätstabelle</translation>
    </message>
    <message>
      <source>Export to DICOM...</source>
      <translation>Als DICOM ausgeben...</translation>
    </message>
    <message>
      <source>Writes the fused volume as a derived series, and the colours for display only, into a folder. They join the patient and study of an MR that was loaded from Slicer's DICOM database.</source>
      <translation>Schreibt das fusionierte Volumen als abgeleitete Serie und die Farben nur zur Anzeige in einen Ordner. Sie gehören zu Patient und Studie eines MR, das aus Slicers DICOM-Datenbank geladen wurde.</translation>
    </message>
    <message>
      <source>Preview the &amp;visible slice</source>
      <translation>&amp;Vorschau der sichtbaren Schicht</translation>
    </message>
    <message>
      <source>Fuse only the slice that the red slice view shows, as it lies there, at once, to try settings. It follows the view; nothing is added to the scene.</source>
      <translation>Nur die Schicht, die die rote Ansicht zeigt, so wie sie dort liegt, sofort fusionieren, um Einstellungen zu probieren. Folgt der Ansicht; der Szene wird nichts hinzugefügt.</translation>
    </message>
    <message>
      <source>Method</source>
      <translation>Methode</translation>
    </message>
    <message>
      <source>Metho&amp;d:</source>
      <translation>Metho&amp;de:</translation>
    </message>
    <message>
      <source>The trained network, or the classical method, that makes the fused image.</source>
      <translation>Das trainierte Netz oder die klassische Methode, die das fusionierte Bild macht.</translation>
    </message>
    <message>
      <source>Contributions:</source>
      <translation>Beiträge:</translation>
    </message>
    <message>
      <source>How the contribution of each volume is measured. Share of the brightness: what would be lost without the volume (Shapley value). Gradient: how much a pixel matters to the whole picture (Kumar et al. 2019).</source>
      <translation>Wie gemessen wird, was jedes Volumen beigetragen hat. Anteil an der Helligkeit: was verloren ginge, wenn es fehlte (Shapley-Wert). Gradient: wie wichtig ein Pixel für das ganze Bild ist (Kumar et al. 2019).</translation>
    </message>
    <message>
      <source>Outputs</source>
      <translation>Ausgaben</translation>
    </message>
    <message>
      <source>Fused:</source>
      <translation>Fusioniert:</translation>
    </message>
    <message>
      <source>The fused volume, a grey image.</source>
      <translation>Das fusionierte Volumen, ein Graubild.</translation>
    </message>
    <message>
      <source>Where the fused volume goes: a new volume, or one that is written over.</source>
      <translation>Wohin das fusionierte Volumen kommt: ein neues Volumen, oder eines, das überschrieben wird.</translation>
    </message>
    <message>
      <source>Fused</source>
      <translation>Fusioniert</translation>
    </message>
    <message>
      <source>New volume</source>
      <translation>Neues Volumen</translation>
    </message>
    <message>
      <source>Colour:</source>
      <translation>Farbe:</translation>
    </message>
    <message>
      <source>The colour volume.</source>
      <translation>Das farbige Volumen.</translation>
    </message>
    <message>
      <source>Where the colour volume goes: a new volume, or one that is written over.</source>
      <translation>Wohin das farbige Volumen kommt: ein neues Volumen, oder eines, das überschrieben wird.</translation>
    </message>
    <message>
      <source>Colour</source>
      <translation>Farbe</translation>
    </message>
    <message>
      <source>Published colours</source>
      <translation>Veröffentlichte Farben</translation>
    </message>
    <message>
      <source>Also write the published coding of gradients (Kumar et al. 2019) as a colour volume of its own. The contributions are gradients then; not possible where others are chosen, or needed by the colours.</source>
      <translation>Auch die veröffentlichte Kodierung der Gradienten (Kumar et al. 2019) als eigenes farbiges Volumen schreiben. Die Beiträge sind dann Gradienten; nicht möglich, wo andere gewählt sind oder die Farben andere brauchen.</translation>
    </message>
    <message>
      <source>Contribution maps</source>
      <translation>Karten der Beiträge</translation>
    </message>
    <message>
      <source>One map for each modality, as numbers; they go where fused and colour go.</source>
      <translation>Eine Karte für jede Modalität, in Zahlen; sie kommen dorthin, wohin die anderen kommen.</translation>
    </message>
    <message>
      <source>Advanced</source>
      <translation>Weiteres</translation>
    </message>
    <message>
      <source>Slice a&amp;xis:</source>
      <translation>Schichta&amp;chse:</translation>
    </message>
    <message>
      <source>The volume is fused slice by slice along this axis. All three: it is fused along each, and the mean is taken, in three times the time; "Why?" has no answer then.</source>
      <translation>Das Volumen wird Schicht für Schicht entlang dieser Achse fusioniert. Alle drei: es wird entlang jeder fusioniert und gemittelt, in der dreifachen Zeit; „Warum?“ hat dann keine Antwort.</translation>
    </message>
    <message>
      <source>Device:</source>
      <translation>Rechner:</translation>
    </message>
    <message>
      <source>The processor that computes. Remembered on this computer, not in the scene.</source>
      <translation>Der Prozessor, der rechnet. Wird auf diesem Rechner gemerkt, nicht in der Szene.</translation>
    </message>
    <message>
      <source>MR window:</source>
      <translation>MR-Fenster:</translation>
    </message>
    <message>
      <source>auto</source>
      <translation>auto</translation>
    </message>
    <message>
      <source>Let MedFusion choose the window from the whole volume.</source>
      <translation>MedFusion wählt das Fenster aus dem ganzen Volumen.</translation>
    </message>
    <message>
      <source>Values of the MR shown as black and as white, in its own units.</source>
      <translation>Werte des MR, die schwarz und weiß gezeigt werden, in seinen Einheiten.</translation>
    </message>
    <message>
      <source>2nd window:</source>
      <translation>2. Fenster:</translation>
    </message>
    <message>
      <source>Values of the second volume shown as black and as white, in its own units (HU for a CT).</source>
      <translation>Werte des zweiten Volumens, die schwarz und weiß gezeigt werden, in seinen Einheiten (HU beim CT).</translation>
    </message>
    <message>
      <source>CT values:</source>
      <translation>CT-Werte:</translation>
    </message>
    <message>
      <source>What the values of the CT are: Hounsfield units (HU), or the grey levels of an image that was windowed before. Automatic: by what they look like.</source>
      <translation>Was die Werte des CT sind: Hounsfield-Einheiten (HU), oder Grauwerte eines Bildes, das schon gefenstert wurde. Automatisch: danach, wie sie aussehen.</translation>
    </message>
    <message>
      <source>Headroom:</source>
      <translation>Spielraum:</translation>
    </message>
    <message>
      <source>Darkens a bright MR where another volume shows something, so that it can still be seen there. Automatic: for the method Bands with a PET or SPECT.</source>
      <translation>Dunkelt ein helles MR dort ab, wo ein anderes Volumen etwas zeigt, damit es dort noch zu sehen ist. Automatisch: bei der Methode Bands mit einem PET oder SPECT.</translation>
    </message>
    <message>
      <source>&amp;Third volume:</source>
      <translation>Dri&amp;ttes:</translation>
    </message>
    <message>
      <source>Optional: fused in turn with the result of the first two.</source>
      <translation>Wahlweise: wird danach mit dem Ergebnis der ersten beiden fusioniert.</translation>
    </message>
    <message>
      <source>None</source>
      <translation>Keines</translation>
    </message>
    <message>
      <source>It is:</source>
      <translation>Es ist:</translation>
    </message>
    <message>
      <source>What the third volume is.</source>
      <translation>Was das dritte Volumen ist.</translation>
    </message>
    <message>
      <source>Share steps:</source>
      <translation>Anteilsschritte:</translation>
    </message>
    <message>
      <source>The shares are summed over this many steps from black to full brightness; more steps divide the brightness more evenly, and each takes as long as the first.</source>
      <translation>Die Anteile werden über so viele Schritte von Schwarz bis zur vollen Helligkeit summiert; mehr Schritte teilen die Helligkeit gleichmäßiger auf, und jeder dauert so lange wie der erste.</translation>
    </message>
    <message>
      <source>Noisy copies:</source>
      <translation>Rauschkopien:</translation>
    </message>
    <message>
      <source>The gradients are averaged over this many noisy copies of the volumes (SmoothGrad), which makes them smoother; each takes as long as the first.</source>
      <translation>Die Gradienten werden über so viele verrauschte Kopien der Volumen gemittelt (SmoothGrad) und dadurch glatter; jede dauert so lange wie die erste.</translation>
    </message>
    <message>
      <source>Check the alignment</source>
      <translation>Ausrichtung prüfen</translation>
    </message>
    <message>
      <source>Measure before each fusion whether the volumes lie on each other. Takes some seconds once for each pair.</source>
      <translation>Vor jeder Fusion messen, ob die Volumen aufeinander liegen. Dauert einmal je Paar einige Sekunden.</translation>
    </message>
    <message>
      <source>Networks after Kumar et al. 2019, Badal Regàs 2018, Li et al. 2020 and Fan et al. 2019.</source>
      <translation>Netze nach Kumar et al. 2019, Badal Regàs 2018, Li et al. 2020 und Fan et al. 2019.</translation>
    </message>
    <message>
      <source>The last fusion was taken back.</source>
      <translation>Die letzte Fusion wurde zurückgenommen.</translation>
    </message>
    <message>
      <source>chosen by you</source>
      <translation>von Ihnen gewählt</translation>
    </message>
    <message>
      <source>Fuses a registered MR with a CT, PET or SPECT into one volume, and shows in colour what each of them contributed at every place. Needs Slicer 5.10 or later. Research software, not a medical device: not for diagnosis or treatment.</source>
      <translation>Fusioniert ein MR mit einem dazu registrierten CT, PET oder SPECT zu einem Volumen und zeigt farbig, was jedes an jeder Stelle beigetragen hat. Braucht Slicer 5.10 oder neuer. Forschungssoftware, kein Medizinprodukt: nicht für Diagnose oder Behandlung.</translation>
    </message>
    <message>
      <source>Fuse the whole volume</source>
      <translation>Das ganze Volumen fusionieren</translation>
    </message>
    <message>
      <source>Test passed</source>
      <translation>Test bestanden</translation>
    </message>
    <message>
      <source>Documentation and tutorial</source>
      <translation>Dokumentation und Anleitung</translation>
    </message>
    <message>
      <source>please say</source>
      <translation>bitte angeben</translation>
    </message>
    <message>
      <source>Method: {chosen}</source>
      <translation>Methode: {chosen}</translation>
    </message>
    <message>
      <source>Outputs: {chosen}</source>
      <translation>Ausgaben: {chosen}</translation>
    </message>
    <message>
      <source>Advanced: {chosen}</source>
      <translation>Weiteres: {chosen}</translation>
    </message>
    <message>
      <source>Cancelled. The scene is as it was.</source>
      <translation>Abgebrochen. Die Szene ist wie zuvor.</translation>
    </message>
    <message>
      <source>The alignment was not measured.</source>
      <translation>Die Ausrichtung wurde nicht gemessen.</translation>
    </message>
    <message>
      <source>PyTorch was not installed.</source>
      <translation>PyTorch wurde nicht installiert.</translation>
    </message>
    <message>
      <source>MedFusion needs Slicer 5.10 or later; this one is too old.</source>
      <translation>MedFusion braucht Slicer 5.10 oder neuer; dieser ist zu alt.</translation>
    </message>
    <message>
      <source>Done in {seconds:.1f} s.</source>
      <translation>Fertig nach {seconds:.1f} s.</translation>
    </message>
    <message>
      <source>The fusion was not taken back.</source>
      <translation>Die Fusion wurde nicht zurückgenommen.</translation>
    </message>
    <message>
      <source>Measuring the alignment...</source>
      <translation>Die Ausrichtung wird gemessen...</translation>
    </message>
    <message>
      <source>The fusion failed: {error}</source>
      <translation>Die Fusion ist fehlgeschlagen: {error}</translation>
    </message>
    <message>
      <source>Skipped: {reason}</source>
      <translation>Ausgelassen: {reason}</translation>
    </message>
  </context>
  <context>
    <name>MedFusionPanel.alignmentrow</name>
    <message>
      <source>Check</source>
      <translation>Prüfen</translation>
    </message>
    <message>
      <source>Align</source>
      <translation>Ausrichten</translation>
    </message>
    <message>
      <source>Undo</source>
      <translation>Zurück</translation>
    </message>
    <message>
      <source>moved by Align</source>
      <translation>durch Ausrichten verschoben</translation>
    </message>
    <message>
      <source>not checked yet</source>
      <translation>noch nicht geprüft</translation>
    </message>
    <message>
      <source>moved by {mm:.0f} mm</source>
      <translation>um {mm:.0f} mm verschoben</translation>
    </message>
  </context>
  <context>
    <name>MedFusionPanel.choices</name>
    <message>
      <source>The fastest there is</source>
      <translation>Der schnellste vorhandene</translation>
    </message>
    <message>
      <source>Graphics card (CUDA)</source>
      <translation>Grafikkarte (CUDA)</translation>
    </message>
    <message>
      <source>Apple graphics (MPS)</source>
      <translation>Apple-Grafik (MPS)</translation>
    </message>
    <message>
      <source>Processor (CPU)</source>
      <translation>Prozessor (CPU)</translation>
    </message>
    <message>
      <source>fused</source>
      <translation>fusioniert</translation>
    </message>
    <message>
      <source>colour</source>
      <translation>Farbe</translation>
    </message>
    <message>
      <source>published colours</source>
      <translation>veröffentlichte Farben</translation>
    </message>
    <message>
      <source>contributions</source>
      <translation>Beiträge</translation>
    </message>
    <message>
      <source>none</source>
      <translation>keine</translation>
    </message>
    <message>
      <source>Choose</source>
      <translation>Wählen</translation>
    </message>
    <message>
      <source>What suits the colours</source>
      <translation>Was zu den Farben passt</translation>
    </message>
    <message>
      <source>Share of the brightness</source>
      <translation>Anteil an der Helligkeit</translation>
    </message>
    <message>
      <source>What was taken from each source</source>
      <translation>Was aus jeder Quelle genommen wurde</translation>
    </message>
    <message>
      <source>Gradient, as published</source>
      <translation>Gradient, wie veröffentlicht</translation>
    </message>
    <message>
      <source>Axial</source>
      <translation>Axial</translation>
    </message>
    <message>
      <source>Coronal</source>
      <translation>Koronal</translation>
    </message>
    <message>
      <source>Sagittal</source>
      <translation>Sagittal</translation>
    </message>
    <message>
      <source>As stored</source>
      <translation>Wie gespeichert</translation>
    </message>
    <message>
      <source>All three (mean)</source>
      <translation>Alle drei (Mittel)</translation>
    </message>
    <message>
      <source>Automatic</source>
      <translation>Automatisch</translation>
    </message>
    <message>
      <source>On</source>
      <translation>An</translation>
    </message>
    <message>
      <source>Off</source>
      <translation>Aus</translation>
    </message>
    <message>
      <source>HU</source>
      <translation>HU</translation>
    </message>
    <message>
      <source>Grey levels</source>
      <translation>Grauwerte</translation>
    </message>
    <message>
      <source>automatic windows</source>
      <translation>automatische Fenster</translation>
    </message>
    <message>
      <source>own windows</source>
      <translation>eigene Fenster</translation>
    </message>
    <message>
      <source>3 volumes</source>
      <translation>3 Volumen</translation>
    </message>
    <message>
      <source>and more</source>
      <translation>und mehr</translation>
    </message>
    <message>
      <source>{outputs} (over the old)</source>
      <translation>{outputs} (über die alten)</translation>
    </message>
  </context>
  <context>
    <name>MedFusionPanel.dicomexport</name>
    <message>
      <source>A folder for the DICOM series</source>
      <translation>Ein Ordner für die DICOM-Serien</translation>
    </message>
    <message>
      <source>Fused and colour volume are needed; fuse again with both.</source>
      <translation>Fusioniertes und farbiges Volumen werden gebraucht; fusionieren Sie neu mit beiden.</translation>
    </message>
  </context>
  <context>
    <name>MedFusionPanel.guess</name>
    <message>
      <source>from its DICOM tag</source>
      <translation>aus seinem DICOM-Eintrag</translation>
    </message>
    <message>
      <source>guessed from its name</source>
      <translation>aus seinem Namen geraten</translation>
    </message>
    <message>
      <source>guessed from its values</source>
      <translation>aus seinen Werten geraten</translation>
    </message>
    <message>
      <source>{name} is {found} by its DICOM tag, not {wanted}; choose another volume.</source>
      <translation>{name} ist nach seinem DICOM-Eintrag {found}, nicht {wanted}; wählen Sie ein anderes Volumen.</translation>
    </message>
    <message>
      <source>{name} seems to be {found} by its name; choose the MR here, or rename the volume if it is one.</source>
      <translation>{name} ist dem Namen nach {found}; wählen Sie hier das MR, oder benennen Sie das Volumen um, wenn es eines ist.</translation>
    </message>
    <message>
      <source>its name says {several}</source>
      <translation>sein Name sagt {several}</translation>
    </message>
    <message>
      <source>its name says {modality}, its values CT</source>
      <translation>sein Name sagt {modality}, seine Werte CT</translation>
    </message>
  </context>
  <context>
    <name>MedFusionPanel.legends</name>
    <message>
      <source>fused</source>
      <translation>fusioniert</translation>
    </message>
  </context>
  <context>
    <name>MedFusionPanel.logic</name>
    <message>
      <source>Recommended</source>
      <translation>Empfohlen</translation>
    </message>
    <message>
      <source>Published networks</source>
      <translation>Veröffentlichte Netze</translation>
    </message>
    <message>
      <source>For comparison</source>
      <translation>Zum Vergleich</translation>
    </message>
    <message>
      <source>{title}, recommended</source>
      <translation>{title}, empfohlen</translation>
    </message>
    <message>
      <source>{title}, a published network</source>
      <translation>{title}, ein veröffentlichtes Netz</translation>
    </message>
    <message>
      <source>{title}, for comparison</source>
      <translation>{title}, zum Vergleich</translation>
    </message>
    <message>
      <source>There is no slice view to preview.</source>
      <translation>Es gibt keine Schichtansicht für die Vorschau.</translation>
    </message>
    <message>
      <source>Needs no training.</source>
      <translation>Braucht kein Training.</translation>
    </message>
    <message>
      <source>Trained on {slices} slices of {cases} {pair} cases.</source>
      <translation>Trainiert mit {slices} Schichten von {cases} Fällen ({pair}).</translation>
    </message>
    <message>
      <source>{names} changed while it was being fused; the result shows what was there before, and where.</source>
      <translation>{names} hat sich während der Fusion geändert; das Ergebnis zeigt, was vorher da war, und wo.</translation>
    </message>
    <message>
      <source>{title} (classical)</source>
      <translation>{title} (klassisch)</translation>
    </message>
    <message>
      <source>{title} (not trained for {what})</source>
      <translation>{title} (nicht für {what} trainiert)</translation>
    </message>
    <message>
      <source>About {time} for this MR, by the last run here.</source>
      <translation>Etwa {time} für dieses MR, nach dem letzten Lauf hier.</translation>
    </message>
  </context>
  <context>
    <name>MedFusionPanel.patients</name>
    <message>
      <source>Fuse them all the same?</source>
      <translation>Trotzdem fusionieren?</translation>
    </message>
    <message>
      <source>MedFusion</source>
      <translation>MedFusion</translation>
    </message>
  </context>
  <context>
    <name>MedFusionPanel.pictures</name>
    <message>
      <source>What the method added (+) and took away from each volume here, both being there; 0 is black, 1 is white:</source>
      <translation>Was die Methode hier von jedem Volumen hinzunahm (+) und abzog, wenn beide da sind; 0 ist schwarz, 1 ist weiß:</translation>
    </message>
    <message>
      <source>&lt;b&gt;Probe:&lt;/b&gt; move the mouse over the head in a slice view.</source>
      <translation>&lt;b&gt;Sonde:&lt;/b&gt; bewegen Sie die Maus in einer Schichtansicht über den Kopf.</translation>
    </message>
    <message>
      <source>Probe:</source>
      <translation>Sonde:</translation>
    </message>
    <message>
      <source>No modality contributed here.</source>
      <translation>Keine Modalität hat hier beigetragen.</translation>
    </message>
    <message>
      <source>How much a change here would change the whole picture: {parts}.</source>
      <translation>Wie sehr eine Änderung hier das ganze Bild ändern würde: {parts}.</translation>
    </message>
    <message>
      <source>At {place} mm:</source>
      <translation>Bei {place} mm:</translation>
    </message>
    <message>
      <source>fused {value:.2f}</source>
      <translation>fusioniert {value:.2f}</translation>
    </message>
    <message>
      <source>What part of this brightness would be lost without each volume: {parts}.</source>
      <translation>So viel von dieser Helligkeit ginge verloren, wenn ein Volumen fehlte: {parts}.</translation>
    </message>
    <message>
      <source>What part of this brightness was taken from each volume: {parts}.</source>
      <translation>So viel von dieser Helligkeit wurde aus jedem Volumen genommen: {parts}.</translation>
    </message>
    <message>
      <source>{modality} outside</source>
      <translation>{modality} außerhalb</translation>
    </message>
  </context>
  <context>
    <name>MedFusionPanel.planes</name>
    <message>
      <source>axial</source>
      <translation>axial</translation>
    </message>
    <message>
      <source>coronal</source>
      <translation>koronal</translation>
    </message>
    <message>
      <source>sagittal</source>
      <translation>sagittal</translation>
    </message>
    <message>
      <source>as stored</source>
      <translation>wie gespeichert</translation>
    </message>
    <message>
      <source>mean of three axes</source>
      <translation>Mittel dreier Achsen</translation>
    </message>
  </context>
  <context>
    <name>MedFusionPanel.preview</name>
    <message>
      <source>Oblique slice</source>
      <translation>Schräge Schicht</translation>
    </message>
    <message>
      <source>Fused and colour. {slice}, in {seconds:.2f} s.</source>
      <translation>Fusioniert und farbig. {slice}, in {seconds:.2f} s.</translation>
    </message>
    <message>
      <source>One direction alone; Apply takes the mean of three, which may differ a little.</source>
      <translation>Nur eine Richtung; Anwenden nimmt das Mittel aus dreien, was etwas anders aussehen kann.</translation>
    </message>
    <message>
      <source>Slice {number} of {count}</source>
      <translation>Schicht {number} von {count}</translation>
    </message>
    <message>
      <source>The whole volume would take about {time}.</source>
      <translation>Das ganze Volumen würde etwa {time} dauern.</translation>
    </message>
    <message>
      <source>The view is not {axis}; Apply fuses {axis} slices, which may differ a little.</source>
      <translation>Die Ansicht ist nicht {axis}; Anwenden fusioniert Schichten {axis}, was etwas anders aussehen kann.</translation>
    </message>
  </context>
  <context>
    <name>MedFusionPanel.pytorch</name>
    <message>
      <source>Install the PyTorch extension? Slicer then restarts, and what is not saved is lost.</source>
      <translation>Die Erweiterung PyTorch installieren? Slicer startet dann neu, und was nicht gespeichert ist, geht verloren.</translation>
    </message>
    <message>
      <source>MedFusion needs the PyTorch extension, which is not installed.</source>
      <translation>MedFusion braucht die Erweiterung PyTorch, die nicht installiert ist.</translation>
    </message>
    <message>
      <source>PyTorch, which runs the networks, is not installed yet.</source>
      <translation>PyTorch, das die Netze ausführt, ist noch nicht installiert.</translation>
    </message>
    <message>
      <source>A small package that MedFusion needs is not installed yet.</source>
      <translation>Ein kleines Paket, das MedFusion braucht, ist noch nicht installiert.</translation>
    </message>
    <message>
      <source>The PyTorch extension could not be fetched. Check that this computer is online, or install it from a file in the Extensions Manager.</source>
      <translation>Die Erweiterung PyTorch konnte nicht geholt werden. Prüfen Sie, ob dieser Rechner online ist, oder installieren Sie sie im Extensions Manager aus einer Datei.</translation>
    </message>
    <message>
      <source>MedFusion needs these Python packages: {names}. Install them?</source>
      <translation>MedFusion braucht diese Python-Pakete: {names}. Installieren?</translation>
    </message>
    <message>
      <source>MedFusion</source>
      <translation>MedFusion</translation>
    </message>
    <message>
      <source>PyTorch does not load ({error}); install it again in the PyTorch module.</source>
      <translation>PyTorch lässt sich nicht laden ({error}); installieren Sie es im Modul PyTorch neu.</translation>
    </message>
  </context>
  <context>
    <name>MedFusionPanel.readiness</name>
    <message>
      <source>Load an MR and a CT, PET or SPECT, or take the head in Sample Data &gt; MedFusion.</source>
      <translation>Laden Sie ein MR und ein CT, PET oder SPECT, oder nehmen Sie den Kopf in Sample Data &gt; MedFusion.</translation>
    </message>
    <message>
      <source>Choose the MR volume.</source>
      <translation>Wählen Sie das MR-Volumen.</translation>
    </message>
    <message>
      <source>Choose the second volume: a CT, PET or SPECT.</source>
      <translation>Wählen Sie das zweite Volumen: ein CT, PET oder SPECT.</translation>
    </message>
    <message>
      <source>The same volume is chosen twice; choose another one.</source>
      <translation>Dasselbe Volumen ist zweimal gewählt; wählen Sie ein anderes.</translation>
    </message>
    <message>
      <source>Choose at least one output.</source>
      <translation>Wählen Sie mindestens eine Ausgabe.</translation>
    </message>
    <message>
      <source>Ready to fuse {names}.</source>
      <translation>Bereit, {names} zu fusionieren.</translation>
    </message>
    <message>
      <source>Second and third volume are both {what}; correct one.</source>
      <translation>Zweites und drittes Volumen sind beide {what}; berichtigen Sie eines.</translation>
    </message>
    <message>
      <source>{name} shows one frame of a sequence; clone it in the Volumes module, and choose the clone.</source>
      <translation>{name} zeigt ein Bild einer Sequenz; klonen Sie es im Modul Volumes, und wählen Sie den Klon.</translation>
    </message>
    <message>
      <source>{name} is no volume; choose a plain 3D volume.</source>
      <translation>{name} ist kein Volumen; wählen Sie ein einfaches 3D-Volumen.</translation>
    </message>
    <message>
      <source>{name} is a label map, which holds no image; choose a plain 3D volume.</source>
      <translation>{name} ist eine Label-Map, die kein Bild enthält; wählen Sie ein einfaches 3D-Volumen.</translation>
    </message>
    <message>
      <source>{name} has no voxels; load its file first.</source>
      <translation>{name} hat keine Voxel; laden Sie zuerst seine Datei.</translation>
    </message>
    <message>
      <source>{name} has several values in a voxel, as colour and 4D volumes have; choose a plain 3D volume.</source>
      <translation>{name} hat mehrere Werte in einem Voxel, wie Farb- und 4D-Volumen; wählen Sie ein einfaches 3D-Volumen.</translation>
    </message>
    <message>
      <source>{name} is a single slice; choose a 3D volume.</source>
      <translation>{name} ist eine einzelne Schicht; wählen Sie ein 3D-Volumen.</translation>
    </message>
    <message>
      <source>{name} is under a transform that is not linear; harden it first.</source>
      <translation>{name} liegt unter einer nicht linearen Transformation; wenden Sie sie zuerst fest an (Harden).</translation>
    </message>
    <message>
      <source>{method} has no gradient; choose another measure of the contributions.</source>
      <translation>{method} hat keinen Gradienten; wählen Sie ein anderes Maß der Beiträge.</translation>
    </message>
    <message>
      <source>What {method} makes is no sum of parts of its sources; choose another measure of the contributions.</source>
      <translation>Was {method} liefert, ist keine Summe von Teilen der Quellen; wählen Sie ein anderes Maß der Beiträge.</translation>
    </message>
    <message>
      <source>{method} is not trained for {what} here; choose another method.</source>
      <translation>{method} ist hier nicht für {what} trainiert; wählen Sie eine andere Methode.</translation>
    </message>
    <message>
      <source>{first} and {other} do not overlap in space; register them to each other first.</source>
      <translation>{first} und {other} überlappen sich im Raum nicht; registrieren Sie sie zuerst.</translation>
    </message>
    <message>
      <source>Say what {name} is: CT, PET or SPECT.</source>
      <translation>Geben Sie an, was {name} ist: CT, PET oder SPECT.</translation>
    </message>
    <message>
      <source>{name} is an output and an input, too; choose another output.</source>
      <translation>{name} ist Ausgabe und Eingabe zugleich; wählen Sie eine andere Ausgabe.</translation>
    </message>
    <message>
      <source>The transform of {names} is applied.</source>
      <translation>Die Transformation über {names} wird berücksichtigt.</translation>
    </message>
    <message>
      <source>{name} seems to be an MR; choose the CT, PET or SPECT here, or say what it is.</source>
      <translation>{name} scheint ein MR zu sein; wählen Sie hier das CT, PET oder SPECT, oder geben Sie an, was es ist.</translation>
    </message>
  </context>
  <context>
    <name>MedFusionPanel.result</name>
    <message>
      <source>The fused volume of this result is not there.</source>
      <translation>Das fusionierte Volumen dieses Ergebnisses ist nicht da.</translation>
    </message>
    <message>
      <source>A volume of this result has no voxels. Apply makes it anew.</source>
      <translation>Ein Volumen dieses Ergebnisses hat keine Voxel. Anwenden macht es neu.</translation>
    </message>
    <message>
      <source>share of the brightness</source>
      <translation>Anteil an der Helligkeit</translation>
    </message>
    <message>
      <source>what was taken</source>
      <translation>was genommen wurde</translation>
    </message>
    <message>
      <source>gradients</source>
      <translation>Gradienten</translation>
    </message>
    <message>
      <source>A method without trained weights.</source>
      <translation>Eine Methode ohne trainierte Gewichte.</translation>
    </message>
    <message>
      <source>{what} since this result was made. Apply renews it.</source>
      <translation>{what}, seit dieses Ergebnis entstand. Anwenden erneuert es.</translation>
    </message>
    <message>
      <source>modality</source>
      <translation>Modalität</translation>
    </message>
    <message>
      <source>method</source>
      <translation>Methode</translation>
    </message>
    <message>
      <source>contributions</source>
      <translation>Beiträge</translation>
    </message>
    <message>
      <source>steps of the shares</source>
      <translation>Schritte der Anteile</translation>
    </message>
    <message>
      <source>noisy copies</source>
      <translation>verrauschte Kopien</translation>
    </message>
    <message>
      <source>slice axis</source>
      <translation>Schichtachse</translation>
    </message>
    <message>
      <source>windows</source>
      <translation>Fenster</translation>
    </message>
    <message>
      <source>headroom</source>
      <translation>Spielraum</translation>
    </message>
    <message>
      <source>CT values</source>
      <translation>CT-Werte</translation>
    </message>
    <message>
      <source>Method</source>
      <translation>Methode</translation>
    </message>
    <message>
      <source>Contributions</source>
      <translation>Beiträge</translation>
    </message>
    <message>
      <source>Slices</source>
      <translation>Schichten</translation>
    </message>
    <message>
      <source>Ran on</source>
      <translation>Gerechnet mit</translation>
    </message>
    <message>
      <source>Weights (SHA-256): {digests}</source>
      <translation>Gewichte (SHA-256): {digests}</translation>
    </message>
    <message>
      <source>This point is outside the result.</source>
      <translation>Das Ergebnis reicht nicht dorthin.</translation>
    </message>
    <message>
      <source>The MR is on another grid than this result; fuse again.</source>
      <translation>Das MR liegt auf einem anderen Gitter als dieses Ergebnis; fusionieren Sie neu.</translation>
    </message>
    <message>
      <source>The {modality} that this was made of is not in the scene any more.</source>
      <translation>Das {modality}, aus dem dies entstand, ist nicht mehr in der Szene.</translation>
    </message>
    <message>
      <source>The last result does not say what it was made of, or is damaged. Fuse again.</source>
      <translation>Das letzte Ergebnis sagt nicht, woraus es entstand, oder ist beschädigt. Fusionieren Sie neu.</translation>
    </message>
    <message>
      <source>This result is from other inputs: {names}.</source>
      <translation>Dieses Ergebnis ist aus anderen Eingaben: {names}.</translation>
    </message>
    <message>
      <source>Made with other settings ({names}). Apply renews it.</source>
      <translation>Mit anderen Einstellungen gemacht ({names}). Anwenden erneuert es.</translation>
    </message>
    <message>
      <source>{low:.4g} to {high:.4g}</source>
      <translation>{low:.4g} bis {high:.4g}</translation>
    </message>
    <message>
      <source>Headroom</source>
      <translation>Spielraum</translation>
    </message>
    <message>
      <source>{device}, {s:g} s</source>
      <translation>{device}, {s:g} s</translation>
    </message>
    <message>
      <source>in {count} steps</source>
      <translation>in {count} Schritten</translation>
    </message>
    <message>
      <source>mean of {count} noisy copies</source>
      <translation>Mittel aus {count} verrauschten Kopien</translation>
    </message>
    <message>
      <source>{name} was changed</source>
      <translation>{name} wurde geändert</translation>
    </message>
    <message>
      <source>MR lowered to {left}</source>
      <translation>MR auf {left} gesenkt</translation>
    </message>
    <message>
      <source>{name} was moved</source>
      <translation>{name} wurde verschoben</translation>
    </message>
  </context>
  <context>
    <name>MedFusionPanel.resultgroup</name>
    <message>
      <source>Made from what is chosen above.</source>
      <translation>Aus dem gemacht, was oben gewählt ist.</translation>
    </message>
    <message>
      <source>Adds a table with measures of the fused image against its sources, beside the plain average and the pixel-wise maximum. Takes some seconds.</source>
      <translation>Fügt eine Tabelle mit Maßen des fusionierten Bildes gegen seine Quellen hinzu, neben einfachem Mittel und pixelweisem Maximum. Dauert einige Sekunden.</translation>
    </message>
    <message>
      <source>colour</source>
      <translation>Farbe</translation>
    </message>
    <message>
      <source>fused</source>
      <translation>fusioniert</translation>
    </message>
    <message>
      <source>The quality was not measured.</source>
      <translation>Die Qualität wurde nicht gemessen.</translation>
    </message>
    <message>
      <source>The DICOM files were not written.</source>
      <translation>Die DICOM-Dateien wurden nicht geschrieben.</translation>
    </message>
    <message>
      <source>Written to {folder}.</source>
      <translation>Geschrieben nach {folder}.</translation>
    </message>
  </context>
  <context>
    <name>MedFusionPanel.running</name>
    <message>
      <source>Slice {done} of {total}</source>
      <translation>Schicht {done} von {total}</translation>
    </message>
    <message>
      <source>Slice {done} of {total}, {count} s left</source>
      <translation>Schicht {done} von {total}, noch {count} s</translation>
    </message>
    <message>
      <source>Slice {done} of {total}, {count} min left</source>
      <translation>Schicht {done} von {total}, noch {count} min</translation>
    </message>
    <message>
      <source>Preparing the volumes...</source>
      <translation>Die Volumen werden vorbereitet...</translation>
    </message>
  </context>
  <context>
    <name>MedFusionPanel.speed</name>
    <message>
      <source>{count} min</source>
      <translation>{count} min</translation>
    </message>
    <message>
      <source>{count} s</source>
      <translation>{count} s</translation>
    </message>
  </context>
  <context>
    <name>MedFusionPanel.why</name>
    <message>
      <source>There is no result yet.</source>
      <translation>Es gibt noch kein Ergebnis.</translation>
    </message>
    <message>
      <source>While this is pressed: what was taken from which volume, and at which scale, where the mouse rests. The place stays when the mouse leaves the view.</source>
      <translation>Solange dies gedrückt ist: was wo die Maus ruht aus welchem Volumen und in welcher Größenordnung genommen wurde. Die Stelle bleibt, wenn die Maus die Ansicht verlässt.</translation>
    </message>
    <message>
      <source>Let the mouse rest on a place in a slice view.</source>
      <translation>Lassen Sie die Maus auf einer Stelle in einer Schichtansicht ruhen.</translation>
    </message>
  </context>
  <context>
    <name>MedFusionLib</name>
    <message>
      <source>Give the third volume and its modality together, or neither.</source>
      <translation>Geben Sie das dritte Volumen und seine Modalität zusammen an, oder keines von beiden.</translation>
    </message>
    <message>
      <source>{0} fuses three sources one after the other, which leaves no parts of each; choose the contributions 'share', or the method 'bands'.</source>
      <translation>{0} fusioniert drei Quellen nacheinander, was keine Teile jeder Quelle lässt; wählen Sie den Anteil an der Helligkeit, oder die Methode Bands.</translation>
    </message>
    <message>
      <source>This slice does not meet {0}; choose another slice.</source>
      <translation>Diese Schicht trifft {0} nicht; wählen Sie eine andere Schicht.</translation>
    </message>
    <message>
      <source>The result of {0} holds NaN or infinite values: its weights do not suit these volumes; choose another method or other weights.</source>
      <translation>Das Ergebnis von {0} enthält NaN oder unendliche Werte: seine Gewichte passen nicht zu diesen Volumen; wählen Sie eine andere Methode oder andere Gewichte.</translation>
    </message>
    <message>
      <source>{0} has no gradient; choose the contributions 'share'.</source>
      <translation>{0} hat keinen Gradienten; wählen Sie den Anteil an der Helligkeit.</translation>
    </message>
    <message>
      <source>What {0} makes is no sum of parts of its sources; choose the contributions 'share'.</source>
      <translation>Was {0} liefert, ist keine Summe von Teilen der Quellen; wählen Sie den Anteil an der Helligkeit.</translation>
    </message>
    <message>
      <source>Research software, not a medical device. Not for diagnosis or treatment.</source>
      <translation>Forschungssoftware, kein Medizinprodukt. Nicht für Diagnose oder Behandlung.</translation>
    </message>
    <message>
      <source>The report of this result is damaged, or of another version; fuse again.</source>
      <translation>Der Bericht dieses Ergebnisses ist beschädigt oder aus einer anderen Version; fusionieren Sie neu.</translation>
    </message>
    <message>
      <source>There is no volume; choose one.</source>
      <translation>Es gibt kein Volumen; wählen Sie eines.</translation>
    </message>
    <message>
      <source>{0} is not a scalar volume but a {1}; choose a plain 3D volume, not a label map, segmentation, colour or multi-volume.</source>
      <translation>{0} ist kein skalares Volumen, sondern {1}; wählen Sie ein einfaches 3D-Volumen, keine Label-Map, Segmentierung, kein Farb- oder Mehrfachvolumen.</translation>
    </message>
    <message>
      <source>{0} has no voxels; load its file first.</source>
      <translation>{0} hat keine Voxel; laden Sie zuerst seine Datei.</translation>
    </message>
    <message>
      <source>{0} has {1} values per voxel; choose a scalar volume.</source>
      <translation>{0} hat {1} Werte je Voxel; wählen Sie ein skalares Volumen.</translation>
    </message>
    <message>
      <source>{0} is under a transform that is not linear; harden it first.</source>
      <translation>{0} liegt unter einer nicht linearen Transformation; wenden Sie sie zuerst fest an (Harden).</translation>
    </message>
    <message>
      <source>{0} cannot hold the {1}: it is another kind.</source>
      <translation>{0} kann {1} nicht aufnehmen: es ist von anderer Art.</translation>
    </message>
    <message>
      <source>{0} is one of the inputs, and would be written over; make new volumes instead.</source>
      <translation>{0} ist eine der Eingaben und würde überschrieben; machen Sie stattdessen neue Volumen.</translation>
    </message>
    <message>
      <source>{0} does not say at which scale it took what from which source; the method 'bands' does.</source>
      <translation>{0} sagt nicht, in welcher Größenordnung es was aus welcher Quelle nahm; die Methode Bands sagt es.</translation>
    </message>
    <message>
      <source>This point lies outside of {0}; choose another one.</source>
      <translation>Dieser Punkt liegt außerhalb von {0}; wählen Sie einen anderen.</translation>
    </message>
    <message>
      <source>The weights of {0} are not those that this result was made with; fuse again.</source>
      <translation>Die Gewichte von {0} sind nicht die, mit denen dieses Ergebnis entstand; fusionieren Sie neu.</translation>
    </message>
    <message>
      <source>The sources make {0} here, and the fused volume holds {1}: one of them was changed since; fuse again.</source>
      <translation>Die Quellen ergeben hier {0}, das fusionierte Volumen enthält {1}: eines davon wurde seither geändert; fusionieren Sie neu.</translation>
    </message>
    <message>
      <source>The result was made of {0} volumes, and {1} were given; give those that it was made of.</source>
      <translation>Das Ergebnis entstand aus {0} Volumen, und {1} wurden angegeben; geben Sie die an, aus denen es entstand.</translation>
    </message>
    <message>
      <source>{0} is not empty; give a new folder for the DICOM files.</source>
      <translation>{0} ist nicht leer; geben Sie einen neuen Ordner für die DICOM-Dateien an.</translation>
    </message>
    <message>
      <source>DICOM files need {0}; install it with 'pip install pydicom pillow'.</source>
      <translation>DICOM-Dateien brauchen {0}; installieren Sie es mit 'pip install pydicom pillow'.</translation>
    </message>
    <message>
      <source>{0} has a singular geometry: a voxel step is zero or not finite; correct its spacing and direction.</source>
      <translation>{0} hat eine singuläre Geometrie: ein Voxelschritt ist null oder nicht endlich; berichtigen Sie Abstand und Richtung.</translation>
    </message>
    <message>
      <source>{0} has voxels of {1} to {2} mm; that is no scan, correct its spacing.</source>
      <translation>{0} hat Voxel von {1} bis {2} mm; das ist keine Aufnahme, berichtigen Sie den Abstand.</translation>
    </message>
    <message>
      <source>{0} has a singular geometry: two of its axes are parallel; correct its direction.</source>
      <translation>{0} hat eine singuläre Geometrie: zwei Achsen sind parallel; berichtigen Sie die Richtung.</translation>
    </message>
    <message>
      <source>{0} has sheared axes ({1} degrees off a right angle); resample it onto a grid with right angles first.</source>
      <translation>{0} hat gescherte Achsen ({1} Grad neben dem rechten Winkel); rechnen Sie es zuerst auf ein rechtwinkliges Gitter um.</translation>
    </message>
    <message>
      <source>{0} has no voxels.</source>
      <translation>{0} hat keine Voxel.</translation>
    </message>
    <message>
      <source>{0} has {1} {2} voxels; replace them before fusing.</source>
      <translation>{0} hat {1} Voxel ({2}); ersetzen Sie sie vor der Fusion.</translation>
    </message>
    <message>
      <source>infinite</source>
      <translation>unendlich</translation>
    </message>
    <message>
      <source>NaN or infinite</source>
      <translation>NaN oder unendlich</translation>
    </message>
    <message>
      <source>{0} has 1 {1} voxel; replace it before fusing.</source>
      <translation>{0} hat 1 Voxel ({1}); ersetzen Sie es vor der Fusion.</translation>
    </message>
    <message>
      <source>{0} goes from {1} to {2}; no scan does, correct its values.</source>
      <translation>{0} reicht von {1} bis {2}; das tut keine Aufnahme, berichtigen Sie die Werte.</translation>
    </message>
    <message>
      <source>{0} is constant (every voxel is {1}); there is nothing in it to fuse.</source>
      <translation>{0} ist konstant (jedes Voxel ist {1}); darin ist nichts zu fusionieren.</translation>
    </message>
    <message>
      <source>{0} has values from {1} to {2}, too near to one another so far from 0; subtract a constant from them first.</source>
      <translation>{0} hat Werte von {1} bis {2}, so fern von 0 zu nah beieinander; ziehen Sie zuerst eine Konstante ab.</translation>
    </message>
    <message>
      <source>{0} and {1} do not overlap in space; check that they are registered to each other.</source>
      <translation>{0} und {1} überlappen sich im Raum nicht; prüfen Sie, ob sie zueinander registriert sind.</translation>
    </message>
    <message>
      <source>This result is the mean of fusions along three axes, and one is explained; fuse along one axis.</source>
      <translation>Dieses Ergebnis ist das Mittel von Fusionen entlang dreier Achsen, und erklärt wird eine; fusionieren Sie entlang einer Achse.</translation>
    </message>
    <message>
      <source>There is no slice axis '{0}'; choose axial, coronal, sagittal or native.</source>
      <translation>Es gibt keine Schichtachse '{0}'; wählen Sie axial, coronal, sagittal oder native.</translation>
    </message>
    <message>
      <source>{0} has {1} dimensions; give a single scalar 3D volume.</source>
      <translation>{0} hat {1} Dimensionen; geben Sie ein einzelnes skalares 3D-Volumen an.</translation>
    </message>
    <message>
      <source>{0} has an origin that is not finite, or farther away than any scanner; correct it.</source>
      <translation>{0} hat einen Ursprung, der nicht endlich oder weiter weg als jeder Scanner ist; berichtigen Sie ihn.</translation>
    </message>
    <message>
      <source>{0} has direction columns that are not unit vectors; put the voxel size into its spacing.</source>
      <translation>{0} hat Richtungen, die keine Einheitsvektoren sind; schreiben Sie die Voxelgröße in den Abstand.</translation>
    </message>
    <message>
      <source>{0} holds NaN alone; export it again.</source>
      <translation>{0} enthält nur NaN; geben Sie es neu aus.</translation>
    </message>
    <message>
      <source>{0} is {1} by its DICOM header, and was given as {2}; exchange the volumes, or correct the pair.</source>
      <translation>{0} ist nach seinem DICOM-Kopf {1}, angegeben als {2}; tauschen Sie die Volumen, oder berichtigen Sie das Paar.</translation>
    </message>
    <message>
      <source>Every voxel of {0} lies outside its intensity window ({1} to {2}); its scaled values are all the same.</source>
      <translation>Jedes Voxel von {0} liegt außerhalb seines Fensters ({1} bis {2}); seine skalierten Werte sind alle gleich.</translation>
    </message>
    <message>
      <source>{0} and {1} are the same volume, given twice; choose another one.</source>
      <translation>{0} und {1} sind dasselbe Volumen, zweimal angegeben; wählen Sie ein anderes.</translation>
    </message>
    <message>
      <source>The intensity window {0} to {1} is empty; its upper end must be above its lower end.</source>
      <translation>Das Fenster {0} bis {1} ist leer; sein oberes Ende muss über dem unteren liegen.</translation>
    </message>
    <message>
      <source>The intensity window {0} to {1} is too narrow or too far from 0 to tell values apart.</source>
      <translation>Das Fenster {0} bis {1} ist zu schmal oder zu weit von 0, um Werte zu unterscheiden.</translation>
    </message>
    <message>
      <source>There are no weights {0}; train them with 'medfusion train', or choose another network or pair ('medfusion methods' lists those there are).</source>
      <translation>Es gibt keine Gewichte {0}; trainieren Sie sie mit 'medfusion train', oder wählen Sie ein anderes Netz oder Paar.</translation>
    </message>
    <message>
      <source>The weights {0} have no card {1} beside them; install MedFusion again.</source>
      <translation>Neben den Gewichten {0} liegt keine Karte {1}; installieren Sie MedFusion neu.</translation>
    </message>
    <message>
      <source>The card {0} is damaged; install MedFusion again.</source>
      <translation>Die Karte {0} ist beschädigt; installieren Sie MedFusion neu.</translation>
    </message>
    <message>
      <source>The weights {0} are damaged: their SHA-256 is not the one on their card; install MedFusion again.</source>
      <translation>Die Gewichte {0} sind beschädigt: ihr SHA-256 ist nicht der auf ihrer Karte; installieren Sie MedFusion neu.</translation>
    </message>
    <message>
      <source>The weights {0} hold NaN or infinite numbers; train again, or install MedFusion again.</source>
      <translation>Die Gewichte {0} enthalten NaN oder unendliche Zahlen; trainieren Sie neu, oder installieren Sie MedFusion neu.</translation>
    </message>
    <message>
      <source>The weights {0} were trained for the {1} {2}, not {3}; choose others.</source>
      <translation>Die Gewichte {0} wurden für {1} {2} trainiert, nicht für {3}; wählen Sie andere.</translation>
    </message>
    <message>
      <source>The weights {0} do not fit the network {1}; they were made for {2}.</source>
      <translation>Die Gewichte {0} passen nicht zum Netz {1}; sie wurden für {2} gemacht.</translation>
    </message>
    <message>
      <source>There is no method '{0}'; choose one of: {1}.</source>
      <translation>Es gibt keine Methode '{0}'; wählen Sie eine von: {1}.</translation>
    </message>
    <message>
      <source>There is no device '{0}'; choose one of: {1}.</source>
      <translation>Es gibt keinen Rechner '{0}'; wählen Sie einen von: {1}.</translation>
    </message>
    <message>
      <source>This machine has no {0} device that torch can use; choose auto or cpu.</source>
      <translation>Dieser Rechner hat kein {0}, das torch nutzen kann; wählen Sie auto oder cpu.</translation>
    </message>
    <message>
      <source>The colours '{0}' show the sources themselves, which are not at hand; fuse again.</source>
      <translation>Die Farben '{0}' zeigen die Quellen selbst, die nicht zur Hand sind; fusionieren Sie neu.</translation>
    </message>
    <message>
      <source>There is no colour mode '{0}'; choose one of: {1}.</source>
      <translation>Es gibt keine Farben '{0}'; wählen Sie eine von: {1}.</translation>
    </message>
    <message>
      <source>There is no colour map '{0}'; choose one of: {1}.</source>
      <translation>Es gibt keine Farbpalette '{0}'; wählen Sie eine von: {1}.</translation>
    </message>
    <message>
      <source>The third volume cannot be '{0}' beside {1}; choose one of: {2}.</source>
      <translation>Das dritte Volumen kann neben {1} nicht '{0}' sein; wählen Sie eines von: {2}.</translation>
    </message>
    <message>
      <source>{0} cannot be written: {1}; choose another folder, or make room.</source>
      <translation>{0} kann nicht geschrieben werden: {1}; wählen Sie einen anderen Ordner, oder schaffen Sie Platz.</translation>
    </message>
    <message>
      <source>{0} ({1} mm) is much finer than {2} ({3} mm): it was averaged over each voxel of the result, which dims what is smaller than that.</source>
      <translation>{0} ({1} mm) ist viel feiner als {2} ({3} mm): es wurde über jedes Voxel des Ergebnisses gemittelt, was Kleineres dunkler macht.</translation>
    </message>
    <message>
      <source>Only {0} of {1} lies inside {2}; elsewhere the result shows {3} alone.</source>
      <translation>Nur {0} von {1} liegen in {2}; sonst zeigt das Ergebnis {3} allein.</translation>
    </message>
    <message>
      <source>Less than 1% of {0} lies inside {1}; elsewhere the result shows {2} alone.</source>
      <translation>Weniger als 1% von {0} liegt in {1}; sonst zeigt das Ergebnis {2} allein.</translation>
    </message>
    <message>
      <source>{0}, given as the MR, is smoother than {1}, given as the {2}; were the two exchanged?</source>
      <translation>{0}, angegeben als MR, ist glatter als {1}, angegeben als {2}; wurden die beiden vertauscht?</translation>
    </message>
    <message>
      <source>{0} goes down to {1}, as a CT does; is it really {2}?</source>
      <translation>{0} reicht hinab bis {1}, wie ein CT; ist es wirklich {2}?</translation>
    </message>
    <message>
      <source>{0} holds no air (lowest value {1}); is it a CT in HU?</source>
      <translation>{0} enthält keine Luft (kleinster Wert {1}); ist es ein CT in HU?</translation>
    </message>
    <message>
      <source>{0} is taken as a CT that was windowed to grey levels 0..255, but holds fractions; is it a CT?</source>
      <translation>{0} wird als CT mit Grauwerten 0..255 genommen, enthält aber Brüche; ist es ein CT?</translation>
    </message>
    <message>
      <source>{0} runs from {1} to {2}, as CT in HU without skull and air, or grey levels do; by the middle value ({3}) its values are taken as {4}. If that is wrong, choose {5} as the CT values: in the panel under Advanced, on the command line with --ct {6}.</source>
      <translation>{0} reicht von {1} bis {2}, wie ein CT in HU ohne Schädel und Luft, oder wie Grauwerte; nach dem mittleren Wert ({3}) gelten seine Werte als {4}. Wenn das falsch ist, wählen Sie {5} als CT-Werte: im Panel unter Weiteres, auf der Befehlszeile mit --ct {6}.</translation>
    </message>
    <message>
      <source>grey levels</source>
      <translation>Grauwerte</translation>
    </message>
    <message>
      <source>{0} runs from {1} to {2}, most tissue at 1000 and more; does it lack its rescale intercept (often -1024)? Add it, or give a window.</source>
      <translation>{0} reicht von {1} bis {2}, das meiste Gewebe bei 1000 und mehr; fehlt der Rescale Intercept (oft -1024)? Zählen Sie ihn hinzu, oder geben Sie ein Fenster an.</translation>
    </message>
    <message>
      <source>{0} of {1}, from its border inwards, holds the one value {2}: padding or a mask. It counts as outside the field of view.</source>
      <translation>{0} von {1}, vom Rand nach innen, enthält den einen Wert {2}: Auffüllung oder Maske. Es gilt als außerhalb des Gesichtsfelds.</translation>
    </message>
    <message>
      <source>{0} of {1} is NaN, as some programs write it around what they computed; it counts as outside the field of view.</source>
      <translation>{0} von {1} ist NaN, wie manche Programme es um das Berechnete schreiben; es gilt als außerhalb des Gesichtsfelds.</translation>
    </message>
    <message>
      <source>Little background was found in {0}, although its corners are dark: noise around the patient may be shown as tissue; set its air to 0, or choose a window that begins above the noise.</source>
      <translation>In {0} wurde wenig Hintergrund gefunden, obwohl seine Ecken dunkel sind: Rauschen um den Patienten kann als Gewebe erscheinen; setzen Sie die Luft auf 0, oder wählen Sie ein Fenster, das über dem Rauschen beginnt.</translation>
    </message>
    <message>
      <source>{0} lies about {1} mm off {2}; align them before you trust the colours.</source>
      <translation>{0} liegt etwa {1} mm neben {2}; richten Sie sie aus, bevor Sie den Farben trauen.</translation>
    </message>
    <message>
      <source>Whether {0} lies on {1} is not known ({2}); look at both.</source>
      <translation>Ob {0} auf {1} liegt, ist nicht bekannt ({2}); sehen Sie beide an.</translation>
    </message>
    <message>
      <source>Gradients, the published contributions, are smallest where the fused image is brightest: a lesion that only one source shows can carry the colour of the other.</source>
      <translation>Gradienten, die veröffentlichten Beiträge, sind am kleinsten, wo das fusionierte Bild am hellsten ist: eine Läsion, die nur eine Quelle zeigt, kann die Farbe der anderen tragen.</translation>
    </message>
    <message>
      <source>perhaps {0} to {1} mm off</source>
      <translation>vielleicht {0} bis {1} mm daneben</translation>
    </message>
    <message>
      <source>registered within {0} mm</source>
      <translation>registriert auf {0} mm</translation>
    </message>
    <message>
      <source>about {0} mm off</source>
      <translation>etwa {0} mm daneben</translation>
    </message>
    <message>
      <source>the volumes have too little in common</source>
      <translation>die Volumen haben zu wenig gemeinsam</translation>
    </message>
    <message>
      <source>a volume has fewer than 4 slices</source>
      <translation>ein Volumen hat weniger als 4 Schichten</translation>
    </message>
    <message>
      <source>the MR shows no head</source>
      <translation>das MR zeigt keinen Kopf</translation>
    </message>
    <message>
      <source>the volumes hardly overlap</source>
      <translation>die Volumen überlappen sich kaum</translation>
    </message>
    <message>
      <source>{0} has another frame of reference than {1} by its DICOM header: the scanner does not say how the two lie to each other; see how far off they are measured.</source>
      <translation>{0} hat nach seinem DICOM-Kopf einen anderen Bezugsrahmen als {1}: der Scanner sagt nicht, wie die beiden zueinander liegen; sehen Sie nach, welcher Abstand gemessen wird.</translation>
    </message>
    <message>
      <source>{0} and {1} are of two patients by their DICOM headers (another {2}); give scans of one patient, or allow different patients for phantoms and templates.</source>
      <translation>{0} und {1} sind nach ihren DICOM-Köpfen von zwei Patienten (anderes {2}); geben Sie Aufnahmen eines Patienten an, oder erlauben Sie verschiedene für Phantome und Vorlagen.</translation>
    </message>
    <message>
      <source>Fused image, tinted by source</source>
      <translation>Fusioniert, nach Quelle getönt</translation>
    </message>
    <message>
      <source>Brightness is the fused image, hue says which source that brightness came from.</source>
      <translation>Die Helligkeit ist das fusionierte Bild, der Farbton sagt, aus welcher Quelle sie kam.</translation>
    </message>
    <message>
      <source>As published (Kumar et al. 2019)</source>
      <translation>Veröffentlicht (Kumar et al. 2019)</translation>
    </message>
    <message>
      <source>Brightness says how much the MR matters to the picture, hue how much the other source does: the published coding.</source>
      <translation>Die Helligkeit sagt, wie wichtig das MR für das Bild ist, der Farbton, wie wichtig die andere Quelle: die veröffentlichte Kodierung.</translation>
    </message>
    <message>
      <source>Both sources at once</source>
      <translation>Beide Quellen zugleich</translation>
    </message>
    <message>
      <source>Brightness shows the MR and rises with the other source; colour shows the other source: blue for little of it, orange for much.</source>
      <translation>Die Helligkeit zeigt das MR und steigt mit der anderen Quelle; die Farbe zeigt die andere Quelle: blau für wenig davon, orange für viel.</translation>
    </message>
    <message>
      <source>Which source the brightness came from</source>
      <translation>Aus welcher Quelle die Helligkeit kam</translation>
    </message>
    <message>
      <source>brightness of the fused image</source>
      <translation>Helligkeit des fusionierten Bildes</translation>
    </message>
    <message>
      <source>Hue: contribution of {0}</source>
      <translation>Farbton: Beitrag von {0}</translation>
    </message>
    <message>
      <source>contribution of {0}</source>
      <translation>Beitrag von {0}</translation>
    </message>
    <message>
      <source>Colour: {0}; brightness: {1} and {2}</source>
      <translation>Farbe: {0}; Helligkeit: {1} und {2}</translation>
    </message>
    <message>
      <source>Colour: {0} and {1}; brightness: all three</source>
      <translation>Farbe: {0} und {1}; Helligkeit: alle drei</translation>
    </message>
    <message>
      <source>Drawn where the {0} is at two thirds of its range.</source>
      <translation>Gezeichnet für {0} bei zwei Dritteln seines Bereichs.</translation>
    </message>
    <message>
      <source>{0} alone</source>
      <translation>{0} allein</translation>
    </message>
    <message>
      <source>all {0}</source>
      <translation>nur {0}</translation>
    </message>
    <message>
      <source>equal</source>
      <translation>gleich</translation>
    </message>
    <message>
      <source>little {0}</source>
      <translation>wenig {0}</translation>
    </message>
    <message>
      <source>much {0}</source>
      <translation>viel {0}</translation>
    </message>
    <message>
      <source>Plain convolutional network on both sources at once, trained for structural similarity alone.</source>
      <translation>Einfaches Faltungsnetz auf beiden Quellen zugleich, nur auf strukturelle Ähnlichkeit trainiert.</translation>
    </message>
    <message>
      <source>The brighter source, corrected at five scales; small, says what it took from where.</source>
      <translation>Die hellere Quelle, in fünf Größenordnungen berichtigt; klein, sagt, was es woher nahm.</translation>
    </message>
    <message>
      <source>Densely connected network with attention along rows, columns and channels, which as trained here hardly matters.</source>
      <translation>Dicht verbundenes Netz mit Aufmerksamkeit entlang Zeilen, Spalten und Kanälen, die so, wie es hier trainiert ist, kaum wirkt.</translation>
    </message>
    <message>
      <source>Small network made for exposures; keeps the stronger local contrast.</source>
      <translation>Kleines Netz, für Belichtungen gemacht; behält den stärkeren örtlichen Kontrast.</translation>
    </message>
    <message>
      <source>Convolutional network with a coarse and a fine branch for each source; made for MR with PET.</source>
      <translation>Faltungsnetz mit einem groben und einem feinen Zweig je Quelle; für MR mit PET gemacht.</translation>
    </message>
    <message>
      <source>Two U-Nets, made to keep apart what differs in a source. With CT the fused image looks like the CT, and the MR's contrast is turned over: bone bright, fluid dark. With PET and SPECT it is near the average.</source>
      <translation>Zwei U-Netze, die auseinanderhalten sollen, was sich in einer Quelle unterscheidet. Mit CT sieht das fusionierte Bild wie das CT aus, und der Kontrast des MR ist umgekehrt: Knochen hell, Flüssigkeit dunkel. Mit PET und SPECT liegt es nahe am Mittel.</translation>
    </message>
    <message>
      <source>The stronger feature of both sources everywhere; sharp, treats both sources alike.</source>
      <translation>Überall das stärkere Merkmal beider Quellen; scharf, behandelt beide gleich.</translation>
    </message>
    <message>
      <source>Laplacian pyramids fused by what a network finds sharper; keeps much fine detail.</source>
      <translation>Laplace-Pyramiden, fusioniert nach dem, was ein Netz schärfer findet; behält viel Feines.</translation>
    </message>
    <message>
      <source>Adversarial network: one critic knows the MR, one the second source's brightness.</source>
      <translation>Gegnerisches Netz: ein Kritiker kennt das MR, einer die Helligkeit der zweiten Quelle.</translation>
    </message>
    <message>
      <source>Two small paths, for intensity and for gradients; shows the MR's edges in the mean.</source>
      <translation>Zwei kleine Pfade, für Intensität und für Gradienten; zeigt die Kanten des MR im Mittel.</translation>
    </message>
    <message>
      <source>Two encoders and a decoder with skip connections, made for satellite images.</source>
      <translation>Zwei Kodierer und ein Dekodierer mit Querverbindungen, für Satellitenbilder gemacht.</translation>
    </message>
    <message>
      <source>Mean of both sources; halves the contrast of what only one of them shows.</source>
      <translation>Mittel beider Quellen; halbiert den Kontrast dessen, was nur eine zeigt.</translation>
    </message>
    <message>
      <source>Takes detail, as sums of small filters, from the richer source; slow.</source>
      <translation>Nimmt Feines, als Summen kleiner Filter, aus der reicheren Quelle; langsam.</translation>
    </message>
    <message>
      <source>Takes the stronger oriented detail at every scale; smooth edges, few artefacts.</source>
      <translation>Nimmt in jeder Größenordnung das stärkere gerichtete Detail; glatte Kanten, wenige Artefakte.</translation>
    </message>
    <message>
      <source>Takes the stronger wavelet detail at every scale; sharp, with blocky edges.</source>
      <translation>Nimmt in jeder Größenordnung das stärkere Wavelet-Detail; scharf, mit klotzigen Kanten.</translation>
    </message>
    <message>
      <source>Greys of CT, PET or SPECT with the edges of the MR; loses their own fine detail.</source>
      <translation>Grauwerte von CT, PET oder SPECT mit den Kanten des MR; verliert deren eigenes Feines.</translation>
    </message>
    <message>
      <source>Takes base and detail from the locally sharper source, blended along edges.</source>
      <translation>Nimmt Grobes und Feines aus der örtlich schärferen Quelle, entlang von Kanten überblendet.</translation>
    </message>
    <message>
      <source>Takes the stronger detail at every scale; sharp, with some halos.</source>
      <translation>Nimmt in jeder Größenordnung das stärkere Detail; scharf, mit einigen Höfen.</translation>
    </message>
    <message>
      <source>Laplacian pyramid whose coarse image comes patch by patch from the richer source.</source>
      <translation>Laplace-Pyramide, deren grobes Bild Stück für Stück aus der reicheren Quelle kommt.</translation>
    </message>
    <message>
      <source>The brighter source and 0.3 of the darker one: a yardstick for tables, hard to beat.</source>
      <translation>Die hellere Quelle und 0,3 der dunkleren: ein Maßstab für Tabellen, schwer zu schlagen.</translation>
    </message>
    <message>
      <source>The brighter source in every pixel; bone and fluid become equally bright.</source>
      <translation>Die hellere Quelle in jedem Pixel; Knochen und Flüssigkeit werden gleich hell.</translation>
    </message>
    <message>
      <source>Mean of the coarse values, the stronger of the finest details; much like the mean.</source>
      <translation>Mittel der groben Werte, das stärkere der feinsten Details; dem Mittel sehr ähnlich.</translation>
    </message>
    <message>
      <source>Contourlets; phase congruency and contrast choose. Low contrast, some patchiness.</source>
      <translation>Contourlets; Phasenkongruenz und Kontrast wählen. Wenig Kontrast, etwas fleckig.</translation>
    </message>
    <message>
      <source>Contourlets; the larger coarse value, and pulsing neurons choose the detail.</source>
      <translation>Contourlets; der größere grobe Wert, und pulsierende Neuronen wählen das Feine.</translation>
    </message>
    <message>
      <source>Contourlets; pulsing neurons with fuzzy links choose coarse values and detail.</source>
      <translation>Contourlets; pulsierende Neuronen mit unscharfen Verbindungen wählen Grobes und Feines.</translation>
    </message>
    <message>
      <source>Shearlets; pulsing neurons choose the stronger detail. Bright, rich in detail, slow.</source>
      <translation>Shearlets; pulsierende Neuronen wählen das stärkere Detail. Hell, reich an Feinem, langsam.</translation>
    </message>
    <message>
      <source>Fused 0.00: no source shows anything here.</source>
      <translation>Fusioniert 0.00: keine Quelle zeigt hier etwas.</translation>
    </message>
    <message>
      <source>value here</source>
      <translation>Wert hier</translation>
    </message>
    <message>
      <source>together</source>
      <translation>zusammen</translation>
    </message>
    <message>
      <source>as the brighter source</source>
      <translation>als hellere Quelle</translation>
    </message>
    <message>
      <source>as the brightest source</source>
      <translation>als hellste Quelle</translation>
    </message>
    <message>
      <source>everything coarser</source>
      <translation>alles Gröbere</translation>
    </message>
    <message>
      <source>fine detail ({0})</source>
      <translation>feine Details ({0})</translation>
    </message>
    <message>
      <source>small structures ({0})</source>
      <translation>kleine Strukturen ({0})</translation>
    </message>
    <message>
      <source>middle-sized structures ({0})</source>
      <translation>mittlere Strukturen ({0})</translation>
    </message>
    <message>
      <source>large structures ({0})</source>
      <translation>große Strukturen ({0})</translation>
    </message>
  </context>
  <context>
    <name>MedFusionLib.phrases</name>
    <message>
      <source>Of the range that is shown:</source>
      <translation>Vom gezeigten Bereich:</translation>
    </message>
    <message>
      <source>(much)</source>
      <translation>(viel)</translation>
    </message>
    <message>
      <source>(little)</source>
      <translation>(wenig)</translation>
    </message>
    <message>
      <source>(some)</source>
      <translation>(etwas)</translation>
    </message>
    <message>
      <source> outside</source>
      <translation> außerhalb</translation>
    </message>
    <message>
      <source>Fused </source>
      <translation>Fusioniert </translation>
    </message>
    <message>
      <source>the brighter source,</source>
      <translation>die hellere Quelle,</translation>
    </message>
    <message>
      <source>the brightest source,</source>
      <translation>die hellste Quelle,</translation>
    </message>
    <message>
      <source>, equally bright</source>
      <translation>, gleich hell</translation>
    </message>
    <message>
      <source>all the rest</source>
      <translation>alles Übrige</translation>
    </message>
    <message>
      <source> by </source>
      <translation> durch </translation>
    </message>
    <message>
      <source> and </source>
      <translation> und </translation>
    </message>
    <message>
      <source>fine detail</source>
      <translation>feine Details</translation>
    </message>
    <message>
      <source>middle-sized structures</source>
      <translation>mittlere Strukturen</translation>
    </message>
    <message>
      <source>small structures</source>
      <translation>kleine Strukturen</translation>
    </message>
    <message>
      <source>large structures</source>
      <translation>große Strukturen</translation>
    </message>
    <message>
      <source>what is coarser in the </source>
      <translation>Gröberes im </translation>
    </message>
    <message>
      <source>the PET's </source>
      <translation>PET: </translation>
    </message>
    <message>
      <source>the CT's </source>
      <translation>CT: </translation>
    </message>
    <message>
      <source>the MR's </source>
      <translation>MR: </translation>
    </message>
    <message>
      <source>the SPECT's </source>
      <translation>SPECT: </translation>
    </message>
    <message>
      <source> lowered from </source>
      <translation> gesenkt von </translation>
    </message>
    <message>
      <source> for headroom</source>
      <translation> für Spielraum</translation>
    </message>
    <message>
      <source>cut from </source>
      <translation>begrenzt von </translation>
    </message>
  </context>
</TS>

using PtaKernels;
using PtaKernels.Backends;
using PtaKernels.Text;

// The nearest target token of every source token, by edit distance of their texts.
TokenVocabulary source = VocabularyFile.Read("samples/vocab/gpt2.json.gz"), target = VocabularyFile.Read("samples/vocab/spA.json.gz");
VocabularyMap map = new VocabularyPair(source, target).NearestText;
map.ResolveAll(Backends.Open("auto"));

int same = Enumerable.Range(0, map.Count).Count(token => map[token] != VocabularyMap.None && map.DistanceOf(token) == 0);
Console.WriteLine($"{same} of {map.Count} {source.Name} tokens have their text in {target.Name}");
foreach (string text in (string[])["Ġworld", "Ġpronunciation", "ĠZealand"])
{
    int token = source.IdOf(text);
    Console.WriteLine($"{text}: {target.StringOf(map[token])}, {map.DistanceOf(token)} edits");
}

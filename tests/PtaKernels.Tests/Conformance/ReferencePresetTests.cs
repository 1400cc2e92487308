using PtaKernels.Tests.Oracles;

namespace PtaKernels.Tests.Conformance;

/// <summary>Preset reference on small random documents, against the official alignment written out on strings.</summary>
[TestFixtureSource(typeof(BackendCases), nameof(BackendCases.Fixtures))]
public sealed class ReferencePresetTests(string backend)
{
    private readonly IKernelBackend _backend = BackendCases.Open(backend);
    private readonly Dictionary<char, int> _letters = [];
    private readonly int _seeds = BackendCases.IsEmulator(backend) ? 4 : 40;

    [Test]
    public void EveryRowIsTheOfficialOne([Values] bool transport, [Values] bool soft)
    {
        _letters.Clear();
        for (int seed = 0; seed < _seeds; seed++)
        {
            var documents = new RandomDocuments(7000 + seed, 3);
            VocabularyPair vocabularies = documents.Vocabularies;
            int n = Math.Min(documents.Documents[0].Pair.Source.Candidates.K, documents.Documents[0].Pair.Target.Candidates.K);
            AlignmentOptions options = AlignmentPreset.Reference with
            {
                Window = n,
                Transfer = soft ? TransferRule.String : TransferRule.StringHard,
                Transport = transport ? TransportKind.Official : TransportKind.None,
            };
            var oracle = new OfficialRowOracle(Official(vocabularies.Source), Official(vocabularies.Target));
            foreach ((DocumentPair pair, PlainSide source, PlainSide target) in documents.Documents)
            {
                var aligned = new AlignedDocument[1];
                _backend.AlignBatch([pair], vocabularies, options, aligned, new AlignmentReport());
                AssertRows(aligned[0], oracle.Align(source, target, n, soft, transport), $"seed {seed}, {pair.Target.Id}");
            }
        }

        foreach (char letter in transport ? "XMOS" : "XMS")
            Assert.That(_letters.GetValueOrDefault(letter), Is.GreaterThan(_seeds / 8), $"rows of kind {letter}");
    }

    private static OfficialVocabulary Official(TokenVocabulary vocabulary) =>
        new([.. Enumerable.Range(0, vocabulary.Count).Select(vocabulary.StringOf)], vocabulary.Marker, vocabulary.IsByteLevel);

    private void AssertRows(AlignedDocument aligned, List<(char Letter, int[] Ids, double[] Values)> expected, string name)
    {
        Assert.That(aligned.Rows, Is.EqualTo(expected.Count));
        for (int i = 0; i < aligned.Rows; i++)
        {
            (char letter, int[] ids, double[] values) = expected[i];
            _letters[letter] = _letters.GetValueOrDefault(letter) + 1;
            Assert.That(aligned[i].Letter, Is.EqualTo(letter), $"{name}, row {i}");
            Assert.That(aligned.IndicesOf(i).ToArray(), Is.EqualTo(ids), $"{name}, row {i}");
            Assert.That(aligned.ValuesOf(i).ToArray(), Is.EqualTo(values).Within(1e-12), $"{name}, row {i}");
        }
    }
}

using PtaKernels.Tests.Conformance;

namespace PtaKernels.Tests.Differential;

/// <summary>Rows of random documents through every preset, on every instruction set: fused and plain agree within SPEC A4.</summary>
[Category("Long")]
public sealed class DocumentDifferentialTests
{
    private const int Documents = 40;

    [Test]
    public void AMillionRows() => DifferentialRun.Run("document rows", 1_000_000, static (random, plain) =>
    {
        int seed = random.Next();
        AlignmentOptions options = FusedDocumentTests.Variants[random.Next(FusedDocumentTests.Variants.Length)];
        var documents = new RandomDocuments(seed, Documents, repaired: random.Next(4) == 0);
        var aligned = new List<(DocumentPair Pair, AlignedDocument Expected)>();
        foreach ((DocumentPair pair, _, _) in documents.Documents)
        {
            // Refused documents have tests of their own.
            var expected = new AlignedDocument[1];
            try
            {
                plain.AlignBatch([pair], documents.Vocabularies, options, expected, new AlignmentReport());
                aligned.Add((pair, expected[0]));
            }
            catch (AlignmentDataException)
            {
            }
        }

        return new Chunk(aligned.Sum(static a => a.Expected.Rows), backend =>
        {
            var found = new AlignedDocument[aligned.Count];
            backend.AlignBatch([.. aligned.Select(static a => a.Pair)], documents.Vocabularies, options, found, new AlignmentReport());
            return aligned.Zip(found, (a, f) => FusedDocumentTests.FirstDifference(f, a.Expected, options)).OfType<string>();
        });
    });
}

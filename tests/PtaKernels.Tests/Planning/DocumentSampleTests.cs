using PtaKernels.Corpus;
using PtaKernels.Corpus.Sampling;
using PtaKernels.Tests.Cli;

namespace PtaKernels.Tests.Planning;

/// <summary>Which documents a plan looks at.</summary>
public class DocumentSampleTests
{
    private static IReadOnlyList<IDocumentReader> Readers => [DocumentFiles.Open(Pta.Samples("spA.jsonl.gz")), DocumentFiles.Open(Pta.Samples("gpt2.jsonl.gz"))];

    [Test]
    public void EveryModelsDocumentsAreTheSameOnes()
    {
        DocumentSample sample = DocumentSample.Draw(Readers, 0.5, seed: 4, most: 8);
        string[][] names = [.. sample.Records.Select(static m => m.Select(static r => r.Parse().Id).ToArray())];
        string[] all = [.. DocumentFiles.Read(Pta.Samples("spA.jsonl.gz")).Select(static d => d.Id)];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(names[0], Has.Length.EqualTo(8).And.Unique);
            Assert.That(names[1], Is.EqualTo(names[0]));
            Assert.That(names[0], Is.EqualTo(all.Where(names[0].Contains)), "in the corpus's order");
            Assert.That(sample.CorpusDocuments, Is.EqualTo(35));
            Assert.That(DocumentSample.Draw(Readers, 0.5, 5, 8).Records[0].Select(static r => r.Parse().Id), Is.Not.EqualTo(names[0]));
        }
    }

    [Test]
    public void AllOfTheCorpusIsASampleAsWell() => Assert.That(DocumentSample.Draw(Readers, 1, 1, int.MaxValue).Count, Is.EqualTo(35));

    [Test]
    public void ModelsWithOtherDocumentsAreRefused()
    {
        using var folder = new ScratchFolder();
        string fewer = folder.Write("few.jsonl", "{\"id\":\"a\",\"input_ids\":[1],\"per_step_logits\":[[1.0]],\"per_step_indices\":[[1]]}\n");
        Assert.That(() => DocumentSample.Draw([.. Readers, DocumentFiles.Open(fewer)], 1, 1, 100), Throws.TypeOf<AlignmentDataException>().With.Message.EndsWith("has 1 documents, but " + Pta.Samples("spA.jsonl.gz") + " has 35; give the same documents of every model."));
    }

    [Test]
    public void AReservoirKeepsEachWithTheSameChance()
    {
        int[] kept = new int[20];
        for (int seed = 0; seed < 4000; seed++)
        {
            var reservoir = new Reservoir<int>(5, seed);
            for (int i = 0; i < kept.Length; i++)
                reservoir.Add(i);
            foreach (int i in reservoir.Kept)
                kept[i]++;
        }

        // A thousand of 4,000 each; six standard deviations are 164.
        Assert.That(kept, Is.All.InRange(836, 1164));
    }
}
